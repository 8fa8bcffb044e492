import { startLoop } from '@runnel/service';
import { Client } from 'pg';
import { admit } from './admit.ts';
import { createQueueDepths } from './queue-depth.ts';
import { forgetChanges, readDemand } from './read-demand.ts';
import { noTurns } from './turns.ts';
import { createWaitingNodes } from './waiting-nodes.ts';
import { writeAdmission } from './write-admission.ts';
import type { WrittenGrant } from './write-admission.ts';
import type { SchedulerMetrics } from '../metrics.ts';

export interface AdmitterOptions {
  url: string;
  /** Tells the owners of these runs that grants stand in the table. */
  onGrants: (grants: readonly WrittenGrant[]) => void;
  /** Grants of these runs have stood for a while: their owners may not have heard. */
  onUnheard: (runs: readonly string[]) => void;
  /** Postgres was away. */
  onReconnected: () => void;
  metrics: Pick<SchedulerMetrics, 'grants' | 'admissionSeconds'>;
  onError: (error: unknown) => void;
}

export interface Admitter {
  /** Something changed that admission depends on: told to whoever holds the lock. */
  wake(): void;
  close(): Promise<void>;
}

/** Any number that nothing else locks. */
const lockKey = 7252;
/** Milliseconds between looks, for what nobody told. */
const look = 1000;
/** Milliseconds from one pass to the next at least: the executors' short queues hide it, and one pass serves all that changed meanwhile. */
const apart = 8;

/**
 * The one admitter of an installation: whoever holds the advisory lock. Everything it writes goes over the connection that holds the lock, so
 * that one who lost it cannot write any more.
 */
export function startAdmitter({ url, onGrants, onUnheard, onReconnected, metrics, onError }: AdmitterOptions): Admitter {
  let client: Client | undefined;
  let holdsLock = false;
  let connections = 0;
  let turns = noTurns;
  let waiting = createWaitingNodes();
  /** Instant that `waiting` is of; undefined: it is to be read as a whole. */
  let snapshot: string | undefined;
  let forgotten = 0;

  const withCapacities = createQueueDepths();
  const connect = async (): Promise<Client> => {
    const fresh = new Client({
      connectionString: url,
      application_name: 'runnel-admitter',
      connectionTimeoutMillis: 5000,
      statement_timeout: 10_000,
    });
    const lost = (): void => {
      if (client !== fresh) return;
      client = undefined;
      holdsLock = false;
    };
    fresh.on('error', lost).on('end', lost);
    fresh.on('notification', () => {
      if (holdsLock) loop.wake();
    });
    await fresh.connect();
    // Without waiting for the disk: a grant that a crash of the server takes back is given anew, and what is appended upon it brings it along.
    await fresh.query('set synchronous_commit = off; listen admission');
    connections += 1;
    if (connections > 1) onReconnected();
    return fresh;
  };
  const pass = async (): Promise<number | void> => {
    client ??= await connect();
    const connection = client;
    if (!holdsLock) {
      const { rows } = await connection.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [lockKey]);
      holdsLock = rows[0]?.held ?? false;
      turns = noTurns;
      snapshot = undefined;
    }
    if (!holdsLock) return;
    const end = metrics.admissionSeconds.startTimer();
    const before = snapshot;
    // Where anything fails, the copy may be ahead of the table or behind it: it is read anew.
    snapshot = undefined;
    if (before === undefined) waiting = createWaitingNodes();
    const demand = await readDemand(connection, waiting, before);
    const admission = admit(waiting, { ...demand, executors: withCapacities(demand.executors) }, turns, Date.now());
    const written = await writeAdmission(connection, admission);
    turns = admission.turns;
    snapshot = demand.snapshot;
    end();
    metrics.grants.inc(admission.grants.reduce((sum, grant) => sum + grant.count, 0));
    onGrants(written);
    onUnheard(demand.unheard);
    if (performance.now() - forgotten > look) {
      await forgetChanges(connection, demand.snapshot);
      forgotten = performance.now();
    }
    return admission.moreToTell ? 0 : look;
  };
  const loop = startLoop(pass, look, onError, apart);
  let telling = false;
  const tellHolder = (): void => {
    if (telling || !client) return;
    telling = true;
    const told = (): void => void (telling = false);
    client.query('notify admission').then(told, told);
  };
  return {
    wake: () => {
      if (holdsLock) loop.wake();
      else tellHolder();
    },
    close: async () => {
      await loop.close();
      await client?.end().catch(() => undefined);
    },
  };
}
