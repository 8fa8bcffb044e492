import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { freePort } from './free-port.ts';
import { lockFolder } from './lock-folder.ts';
import { startNatsServer } from './nats-server.ts';
import { startPostgres } from './postgres-server.ts';
import type { PostgresServer } from './postgres-server.ts';
import { isAlive, startTimeOf } from './processes.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'runnel-embedded-'));
  // Postgres runs as another user where we are root.
  chmodSync(dir, 0o755);
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function postgres(): Promise<PostgresServer> {
  const options = { dataDir: join(dir, 'postgres'), passwordFile: join(dir, 'secrets', 'postgres'), logFile: join(dir, 'postgres.log') };
  return startPostgres({ ...options, port: await freePort(), durable: false });
}

async function ask<T>(url: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as T[];
  } finally {
    await client.end();
  }
}

describe('Postgres', () => {
  it('starts, keeps what it was told, and asks for the password', async () => {
    const first = await postgres();
    await ask(first.url, 'create table kept as select 7 as n');
    await expect(ask(first.urlOf('postgres', 'postgres', 'wrong'), 'select 1')).rejects.toThrow(/password authentication failed/);
    await first.stop();
    expect(await first.exited).toBe('exit code 0');
    const second = await postgres();
    expect(await ask(second.url, 'select n from kept')).toEqual([{ n: 7 }]);
    await second.stop();
    expect(statSync(join(dir, 'secrets', 'postgres')).mode & 0o777).toBe(0o600);
  });

  it('starts after it was killed, though its pid file names a living stranger', async () => {
    const first = await postgres();
    first.kill('SIGKILL');
    await first.exited;
    const file = join(dir, 'postgres', 'postmaster.pid');
    const lines = (await readFile(file, 'utf8')).split('\n');
    writeFileSync(file, [String(process.ppid), ...lines.slice(1)].join('\n'));
    const second = await postgres();
    expect(await ask(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await second.stop();
  });

  it('starts after it was killed in the middle of a statement', async () => {
    const first = await postgres();
    const client = new Client({ connectionString: first.url });
    client.on('error', () => undefined);
    await client.connect();
    // It looks at nothing but its numbers for minutes.
    const asked = client.query('select sum(a) from generate_series(1, 1000000000) a').catch(() => undefined);
    await ask(first.url, 'select pg_sleep(0.5)');
    first.kill('SIGKILL');
    await first.exited;
    const second = await postgres();
    expect(await ask(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await Promise.all([asked, second.stop()]);
    await client.end().catch(() => undefined);
  });

  it('names its log where it cannot start', async () => {
    const port = await freePort();
    const options = {
      dataDir: join(dir, 'postgres'),
      passwordFile: join(dir, 'password'),
      logFile: join(dir, 'postgres.log'),
      port,
      durable: false,
    };
    await expect(startPostgres({ ...options, settings: { shared_buffers: 'a lot' } })).rejects.toThrow(
      /^Postgres did not start \(exit code 1\); see .*postgres.log$/,
    );
  });
});

describe('both servers', () => {
  it('die with the process that started them, however it dies', async () => {
    const index = fileURLToPath(new URL('./index.ts', import.meta.url));
    const script = `
      const { startPostgres, startNatsServer, freePort } = await import(${JSON.stringify(index)});
      const dir = ${JSON.stringify(dir)};
      const pg = await startPostgres({ dataDir: dir + '/postgres', passwordFile: dir + '/password', logFile: dir + '/postgres.log', port: await freePort(), durable: false });
      const port = await freePort();
      const nats = await startNatsServer({ dir: dir + '/nats', port, config: 'host: 127.0.0.1\\nport: ' + port });
      console.log(JSON.stringify([pg.pid, nats.pid]));
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const pids = JSON.parse(line.toString()) as number[];
    expect(pids.map(isAlive)).toEqual([true, true]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (let waited = 0; waited < 10_000 && pids.some(isAlive); waited += 20) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(pids.map(isAlive)).toEqual([false, false]);
  });
});

describe('nats-server', () => {
  it('keeps its configuration, which holds passwords, to itself', async () => {
    const port = await freePort();
    const server = await startNatsServer({ dir: join(dir, 'nats'), port, config: `host: 127.0.0.1\nport: ${port}\n` });
    expect(statSync(join(dir, 'nats', 'nats.conf')).mode & 0o777).toBe(0o600);
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  });

  it('names its log where it cannot start', async () => {
    await expect(startNatsServer({ dir: join(dir, 'nats'), port: 1, config: 'port: many' })).rejects.toThrow(
      /^nats-server did not start \(exit code 1\); see .*nats.log$/,
    );
  });
});

describe('a data folder', () => {
  it('belongs to one process at a time', () => {
    const lock = lockFolder(dir);
    expect(lock.held).toBe(true);
    expect(lockFolder(dir)).toEqual({ held: false, pid: process.pid });
    if (lock.held) lock.release();
    expect(existsSync(join(dir, 'up.lock'))).toBe(false);
    expect(lockFolder(dir).held).toBe(true);
  });

  it.each([
    ['of a process that is gone', { pid: 2 ** 22 - 1, started: '1' }],
    ['whose pid belongs to somebody else now', { pid: process.pid, started: `${Number(startTimeOf(process.pid)) - 1}` }],
    ['that is not readable', 'half a li'],
  ])('is taken over from a lock %s', (_what, content) => {
    writeFileSync(join(dir, 'up.lock'), JSON.stringify(content));
    expect(lockFolder(dir).held).toBe(true);
  });
});
