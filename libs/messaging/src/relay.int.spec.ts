import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { partitionOf, partitionToken, RunAccepted } from '@runnel/contracts';
import { freePort, startNatsServer } from '@runnel/embedded';
import type { EmbeddedServer } from '@runnel/embedded';
import { createMetrics } from '@runnel/service';
import { eventually, testDatabase, testLogger } from '@runnel/testing';
import type { TestDatabase } from '@runnel/testing';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { connect } from './connect.ts';
import type { Messaging } from './connect.ts';
import { consumeBatches } from './consume.ts';
import type { Consumption } from './consume.ts';
import { outgoing } from './message.ts';
import { outboxRows } from './outbox.ts';
import { ensureTopology } from './reconcile.ts';
import { startRelay } from './relay.ts';
import type { Relay } from './relay.ts';
import { durablePlans, partitionDurable, streamNames } from './topology.ts';

let dir: string;
let port: number;
let server: EmbeddedServer;
let database: TestDatabase;
let pool: Pool;
let messaging: Messaging;
const closing: (Relay | Consumption)[] = [];

/** A server of its own: these tests restart it and take its folder away. */
async function startServer(): Promise<void> {
  const config = `host: 127.0.0.1\nport: ${port}\njetstream { store_dir: ${JSON.stringify(join(dir, 'js'))}, max_file_store: 1TB }\n`;
  server = await startNatsServer({ dir, port, config });
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'runnel-relay-'));
  port = await freePort();
  [, database] = await Promise.all([startServer(), testDatabase()]);
  pool = new Pool({ connectionString: database.url, max: 8 });
  messaging = await connect({ url: server.url, service: 'scheduler', logger: testLogger() });
  await ensureTopology(messaging);
});

afterEach(async () => {
  await Promise.all(closing.splice(0).map((part) => part.close()));
  await messaging.close();
  await pool.end();
  await Promise.all([database.drop(), server.stop()]);
  await rm(dir, { recursive: true, force: true });
});

function relay(): Relay {
  const started = startRelay({ messaging, pool, metrics: createMetrics('test') });
  closing.push(started);
  return started;
}

/** Everything that the scheduler's partitions get, by run. */
function collect(): Map<string, number> {
  const seen = new Map<string, number>();
  for (const plan of durablePlans('rn').filter(({ durable }) => durable.startsWith('scheduler-p'))) {
    closing.push(
      consumeBatches({
        messaging,
        plan,
        handleBatch: async (messages) => {
          for (const { run = '' } of messages) seen.set(run, (seen.get(run) ?? 0) + 1);
        },
      }),
    );
  }
  return seen;
}

async function write(count: number): Promise<string[]> {
  const runs = Array.from({ length: count }, () => randomUUID());
  const rows = outboxRows(
    messaging,
    runs.map((run) => outgoing(RunAccepted, { workspace: 'demo', run }, { causation: 'request-1' })),
  );
  await pool.query(
    'insert into outbox (id, subject, headers, payload) select * from unnest($1::uuid[], $2::text[], $3::jsonb[], $4::text[])',
    [
      rows.map(({ id }) => id),
      rows.map(({ subject }) => subject),
      rows.map(({ headers }) => JSON.stringify(headers)),
      rows.map(({ payload }) => payload),
    ],
  );
  return runs;
}

async function depth(): Promise<number> {
  const { rows } = await pool.query<{ n: string }>('select count(*) as n from outbox');
  return Number(rows[0]?.n);
}

describe('relay', () => {
  it('brings every row to its consumer once and empties the outbox', async () => {
    const seen = collect();
    const { kick } = relay();
    const runs = await write(1000);
    kick();
    await eventually('all came', () => seen.size === 1000);
    await eventually('the outbox is empty', async () => (await depth()) === 0);
    expect(new Set(seen.keys())).toEqual(new Set(runs));
    expect([...seen.values()].every((count) => count === 1)).toBe(true);
  });

  it('carries the envelope, with the row as message id', async () => {
    const [run = ''] = await write(1);
    const { rows } = await pool.query<{ id: string }>('select id from outbox');
    relay();
    const stored = await eventually('it is in the stream', () =>
      messaging.jsm.streams
        .getMessage(streamNames('rn').work, { last_by_subj: `rn.run.accepted.${partitionToken(partitionOf(run))}` })
        .catch(() => undefined),
    );
    expect(stored?.header.get('Nats-Msg-Id')).toBe(rows[0]?.id);
    expect(stored?.header.get('ce-id')).toBe(rows[0]?.id);
    expect(stored?.header.get('ce-causationid')).toBe('request-1');
    expect(stored?.json()).toEqual({ workspace: 'demo', run });
  });

  it('finds rows that nobody told it about, also by notify', async () => {
    const seen = collect();
    relay();
    await write(3);
    await pool.query('notify outbox');
    await eventually('they came', () => seen.size === 3);
  });

  it('shares the table with other relays: each row goes out once', async () => {
    const seen = collect();
    const relays = [relay(), relay(), relay()];
    await write(2000);
    for (const { kick } of relays) kick();
    await eventually('all came', () => seen.size === 2000);
    expect([...seen.values()].reduce((sum, count) => sum + count)).toBe(2000);
  });

  it('keeps rows while NATS is away and sends them when it is back', async () => {
    const seen = collect();
    const { kick } = relay();
    const before = await write(50);
    kick();
    await eventually('the first came', () => seen.size === 50);
    server.kill('SIGKILL');
    await server.exited;
    const during = await write(50);
    kick();
    await startServer();
    await eventually('all came', () => seen.size === 100, 40_000);
    expect(new Set(seen.keys())).toEqual(new Set([...before, ...during]));
  }, 60_000);

  it("goes on after JetStream's folder was deleted while everything runs", async () => {
    const seen = collect();
    const { kick } = relay();
    await write(10);
    kick();
    await eventually('the first came', () => seen.size === 10);
    server.kill('SIGKILL');
    await server.exited;
    await rm(join(dir, 'js'), { recursive: true });
    await startServer();
    await eventually('streams and consumers are back', () =>
      messaging.jsm.consumers.info(streamNames('rn').work, partitionDurable(15)).then(
        () => true,
        () => false,
      ),
    );
    await write(10);
    kick();
    await eventually('the others came', () => seen.size === 20, 40_000);
  }, 60_000);

  it('waits while the stream is full, and loses nothing', async () => {
    const { work } = streamNames('rn');
    await messaging.jsm.streams.update(work, { max_msgs: 100 });
    await write(300);
    const { kick } = relay();
    kick();
    await eventually('the stream is full', async () => (await messaging.jsm.streams.info(work)).state.messages === 100);
    await eventually('what the stream took is gone', async () => (await depth()) === 200);
    const seen = collect();
    await eventually('all came', () => seen.size === 300);
    await eventually('the outbox is empty', async () => (await depth()) === 0);
  });

  it('goes on after its database sessions were ended', async () => {
    const seen = collect();
    pool.on('error', () => undefined);
    const { kick } = relay();
    await write(1);
    kick();
    await eventually('the first came', () => seen.size === 1);
    await pool.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await write(1);
    kick();
    await eventually('the second came', () => seen.size === 2);
  });
});
