import { setTimeout as sleep } from 'node:timers/promises';
import { crashPoint } from '@runnel/service';
import type { Registry } from '@runnel/service';
import type { Pool, PoolClient } from 'pg';
import type { Messaging } from './connect.ts';
import type { Wire } from './envelope.ts';
import { listenForOutbox } from './outbox-listener.ts';
import { publishWire } from './publisher.ts';
import { reasonOf } from './reason-of.ts';
import { ensureTopology } from './reconcile.ts';
import { relayMetrics } from './relay-metrics.ts';

/** Rows claimed at once: also how many messages are in flight per lane. */
const batchSize = 256;
/** While one lane waits for its acks or its commit, the other publishes. */
const laneCount = 2;
/** Milliseconds between looks at the table when nobody says that there is something. */
const pollInterval = 1000;
/** Milliseconds from one look of a lane to its next, where rows come faster than lanes look: few batches then carry what many would. */
const apart = 16;
/** Milliseconds to wait when the bus refuses (full stream, no server), growing. */
const pauses = [50, 100, 250, 500, 1000, 2000];

export interface RelayOptions {
  readonly messaging: Messaging;
  /** Two connections are used, a third to listen. */
  readonly pool: Pool;
  readonly metrics?: Registry;
}

export interface Relay {
  /** There are new rows: call it after the commit that wrote them. */
  kick(this: void): void;
  /** Finishes what is in flight. Rows that remain go out by another relay or after the next start. */
  close(): Promise<void>;
}

/**
 * Publishes the rows of `outbox` and deletes them after the stream has them (rule 2). Any number of relays may run: rows are claimed under
 * their lock. A relay that dies in between leaves the rows; the second copy has the same message id.
 */
export function startRelay(options: RelayOptions): Relay {
  const { messaging, pool } = options;
  const metrics = options.metrics && relayMetrics(options.metrics, pool);
  const stopping = new AbortController();
  const bell = createBell();

  /** The first one also looks for rows that nobody told of. */
  const lane = async (index: number): Promise<void> => {
    let refusals = 0;
    while (!stopping.signal.aborted) {
      const begun = performance.now();
      try {
        const sent = await relayBatch(pool, messaging, stopping.signal);
        refusals = 0;
        metrics?.published.inc(sent);
        // There may be more than one lane can carry.
        if (sent === batchSize) bell.ring();
        else if (bell.isRung()) await sleep(Math.max(0, begun + apart - performance.now()));
        await bell.wait(index === 0 ? pollInterval : undefined, stopping.signal);
      } catch (error) {
        if (stopping.signal.aborted) return;
        metrics?.refused.inc();
        messaging.logger.warn({ reason: reasonOf(error) }, 'relay waits');
        await sleep(pauses[Math.min(refusals, pauses.length - 1)]);
        refusals += 1;
        if (refusals > 1) await ensureTopology(messaging, stopping.signal).catch(() => undefined);
      }
    }
  };
  const lanes = Array.from({ length: laneCount }, (_, index) => lane(index));
  const listener = listenForOutbox(pool, messaging.logger, () => bell.ring());
  return {
    kick: () => bell.ring(),
    close: async () => {
      stopping.abort();
      await Promise.all([...lanes, listener.close()]);
    },
  };
}

/** Claims, publishes, deletes; returns how many. Throws where something was not published, after deleting what was. */
async function relayBatch(pool: Pool, messaging: Messaging, signal: AbortSignal): Promise<number> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // The session may end while the messages are on their way and no statement runs: the next statement says so.
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    const rows = await claim(client);
    if (rows.length === 0) {
      await client.query('rollback');
      return 0;
    }
    signal.throwIfAborted();
    crashPoint('relay.before-publish');
    const results = await Promise.allSettled(rows.map((row) => publishWire(messaging, row)));
    crashPoint('relay.after-publish');
    const sent = rows.filter((_, index) => results[index]?.status === 'fulfilled').map(({ seq }) => seq);
    const remove = { name: 'outbox-delete', text: 'delete from outbox where seq = any($1::bigint[])', values: [sent] };
    await Promise.all([client.query(remove), client.query('commit')]);
    crashPoint('relay.after-delete');
    const refusal = results.find((result) => result.status === 'rejected');
    if (refusal) throw refusal.reason;
    return sent.length;
  } catch (error) {
    // A client in the middle of a failed transaction is thrown away; its locks end with it.
    if (!signal.aborted) broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.removeListener('error', onError);
    client.release(broken ?? signal.aborted);
  }
}

/** Deleting need not wait for the disk: what a crash of the server brings back is published again under the same id. */
const begin = 'begin; set local synchronous_commit = off';

interface Claimed extends Wire {
  /** Its place: a bigint, of which the driver makes a text. */
  readonly seq: string;
}

async function claim(client: PoolClient): Promise<Claimed[]> {
  const select = {
    name: 'outbox-claim',
    text: 'select seq, id, subject, headers, payload from outbox order by seq limit $1 for update skip locked',
    values: [batchSize],
  };
  const [, { rows }] = await Promise.all([client.query(begin), client.query<Claimed>(select)]);
  return rows;
}

interface Bell {
  /** Somebody rang, and nobody heard. */
  isRung(): boolean;
  /** Wakes one who waits. */
  ring(): void;
  /** Resolves at the next ring (at once after one that nobody heard), after `ms` if given, or when the signal aborts. */
  wait(ms: number | undefined, signal: AbortSignal): Promise<void>;
}

function createBell(): Bell {
  let rung = false;
  const waiting = new Set<() => void>();
  return {
    isRung: () => rung,
    ring: () => {
      const [first] = waiting;
      rung = first === undefined;
      first?.();
    },
    wait: async (ms, signal) => {
      if (rung || signal.aborted) {
        rung = false;
        return;
      }
      await new Promise<void>((resolve) => {
        const timer = ms === undefined ? undefined : setTimeout(done, ms);
        function done(): void {
          clearTimeout(timer);
          waiting.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        }
        waiting.add(done);
        signal.addEventListener('abort', done, { once: true });
      });
    },
  };
}
