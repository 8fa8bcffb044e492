import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// By path and not by name: jest loads this file before it knows how to read the packages' sources.
import { freePort, startNatsServer, startPostgres } from '../embedded/src/index.ts';

/** Postgres and NATS for all tests of a run, as plain processes that end with it. Set RUNNEL_TEST_POSTGRES and RUNNEL_TEST_NATS to use others. */
export default async function setup() {
  const dir = await mkdtemp(join(tmpdir(), 'runnel-test-'));
  const servers = await Promise.all([
    process.env.RUNNEL_TEST_POSTGRES ? undefined : postgres(dir),
    process.env.RUNNEL_TEST_NATS ? undefined : nats(dir),
  ]);
  globalThis.runnelTestServers = { dir, servers: servers.filter((server) => server !== undefined) };
}

async function postgres(dir) {
  const { chmod } = await import('node:fs/promises');
  // Postgres runs as another user where we are root.
  await chmod(dir, 0o755);
  const server = await startPostgres({
    dataDir: join(dir, 'postgres'),
    port: await freePort(),
    passwordFile: join(dir, 'postgres-password'),
    logFile: join(dir, 'postgres.log'),
    durable: false,
  });
  process.env.RUNNEL_TEST_POSTGRES = server.url;
  return server;
}

async function nats(dir) {
  const port = await freePort();
  // Streams reserve their limit; every test has streams of its own.
  const config = `host: 127.0.0.1\nport: ${port}\nmax_payload: 1MB\njetstream { store_dir: ${JSON.stringify(join(dir, 'jetstream'))}, max_file_store: 100TB }\n`;
  const server = await startNatsServer({ dir: join(dir, 'nats'), port, config });
  process.env.RUNNEL_TEST_NATS = server.url;
  return server;
}
