import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunStatusChanged } from '@runnel/contracts';
import { freePort, startNatsServer, startPostgres } from '@runnel/embedded';
import { connect, ensureTopology, outboxRows, outgoing, publishWire, startRelay, type Messaging, type OutboxRow } from '@runnel/messaging';
import { inTransaction, insertOutbox, migrate, openDatabase, type Database } from '@runnel/postgres';
import { createLogger } from '@runnel/service';
import { median, times, type Row } from './measure.ts';
import { inLanes } from './raw.ts';

const messages = 20_000;
const inFlight = 256;
const rounds = 3;

/** The way from the outbox into the stream, beside publishing the same messages without a database; servers as `runnel up` has them. */
export async function benchRelay(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'runnel-bench-relay-'));
  const ports = { postgres: await freePort(), nats: await freePort() };
  const postgres = await startPostgres({
    dataDir: join(folder, 'postgres'),
    port: ports.postgres,
    passwordFile: join(folder, 'password'),
    logFile: join(folder, 'postgres.log'),
  });
  const config = `host: "127.0.0.1"\nport: ${ports.nats}\nmax_payload: 1MB\njetstream { store_dir: ${JSON.stringify(join(folder, 'jetstream'))} }\n`;
  const nats = await startNatsServer({ dir: join(folder, 'nats'), config, port: ports.nats });
  await migrate(postgres.urlOf('postgres'));
  const database = await openDatabase({ url: postgres.urlOf('postgres'), name: 'bench' });
  const messaging = await connect({ url: nats.url, service: 'scheduler', logger: createLogger({ service: 'bench' }) });
  try {
    await ensureTopology(messaging);
    const relayed: number[] = [];
    const published: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      relayed.push(await relayRate(database, messaging));
      published.push(await publishRate(messaging));
    }
    const [mine, raw] = [median(relayed), median(published)];
    return [
      {
        what: `relay of ${messages} outbox rows, messages/s, beside raw publishing, ${inFlight} in flight`,
        ours: mine.toFixed(0),
        peer: raw.toFixed(0),
        ratio: times(mine / raw),
        target: '>= 0.5x',
      },
    ];
  } finally {
    await messaging.close();
    await database.close();
    await Promise.all([nats.stop(), postgres.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowsOf(messaging: Messaging, count: number): OutboxRow[] {
  const run = randomUUID();
  const steps = [{ step: 'each[1]', attempt: 1, status: 'running' as const }];
  const news = Array.from({ length: count }, (_, version) =>
    outgoing(RunStatusChanged, { workspace: 'bench', run, version, status: 'running', progress: 50, message: '', steps }),
  );
  return outboxRows(messaging, news);
}

/** Messages a second, from a full outbox to an empty one. */
async function relayRate(database: Database, messaging: Messaging): Promise<number> {
  const rows = rowsOf(messaging, messages);
  for (let at = 0; at < messages; at += 1000) await inTransaction(database, (tx) => insertOutbox(tx, rows.slice(at, at + 1000)));
  const begun = performance.now();
  const relay = startRelay({ messaging, pool: database.pool });
  for (;;) {
    const { rows: left } = await database.pool.query('select from outbox limit 1');
    if (left.length === 0) break;
    await sleep(10);
  }
  const rate = (messages / (performance.now() - begun)) * 1000;
  await relay.close();
  return rate;
}

async function publishRate(messaging: Messaging): Promise<number> {
  const rows = rowsOf(messaging, messages);
  const begun = performance.now();
  await inLanes(messages, inFlight, async (i) => {
    const row = rows[i];
    if (row) await publishWire(messaging, row);
  });
  return (messages / (performance.now() - begun)) * 1000;
}
