import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort, startPostgres } from '@runnel/embedded';
import { openObjectStore } from '@runnel/objects';
import { migrate } from '@runnel/postgres';
import { inLanes } from '@runnel/service';
import { Client } from 'pg';
import { measure, printRows, root, seconds, type Row } from './measure.ts';

const runs = Number(process.env['BENCH_RUNS'] ?? 100_000);
/** A folder that is filled once and kept, for who looks where the time goes; default: a new one that is removed. */
const kept = process.env['BENCH_BACKUP'];
const eventsOfRun = 10;

/** A backup of what many runs of one step leave behind, and its restore, by the commands that operators use. */
export async function benchBackup(): Promise<void> {
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'runnel-bench-backup-'));
  mkdirSync(folder, { recursive: true });
  const server = await startPostgres({
    dataDir: join(folder, 'data'),
    port: await freePort(),
    passwordFile: join(folder, 'password'),
    logFile: join(folder, 'log'),
  });
  try {
    await migrate(server.url);
    const objects = uriOf(join(folder, 'objects'));
    if ((await query(server.url, 'select id from runs limit 1')).length === 0) {
      await query(server.url, ...fill, 'vacuum analyze');
      await fillObjects(server.url, objects);
    }
    for (const name of ['backup', 'restored']) rmSync(join(folder, name), { recursive: true, force: true });
    await query(server.url, 'drop database if exists restored', 'create database restored');
    const restored = new URL(server.url);
    restored.pathname = '/restored';
    const to = join(folder, 'backup');
    const runnel = join(root, 'bin/runnel');
    const taken = await measure(runnel, ['backup', '--postgres', server.url, '--objects', objects, '--to', to]);
    const target = ['--postgres', restored.href, '--objects', uriOf(join(folder, 'restored'))];
    const brought = await measure(runnel, ['restore', '--from', to, ...target]);
    const verified = await measure(runnel, ['restore', '--from', to, ...target, '--verify-only']);
    const row = (what: string, { wall, memory }: typeof taken, target: string): Row => ({
      ...{ what, ours: `${seconds(wall)}, ${memory.toFixed(0)} MB`, peer: '', ratio: '', target },
    });
    printRows(`${runs} runs of ${eventsOfRun} events and one step, 2 objects each`, [
      row('backup', taken, '<= 60 s'),
      row('restore of it', brought, ''),
      row('each object of the restored installation is verified', verified, ''),
    ]);
  } finally {
    await server.stop();
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

const uriOf = (folder: string): string => pathToFileURL(`${folder}/`).href;

async function query(url: string, ...statements: string[]): Promise<{ id: string }[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    let rows: { id: string }[] = [];
    for (const statement of statements) ({ rows } = await client.query<{ id: string }>(statement));
    return rows;
  } finally {
    await client.end();
  }
}

const fill = [
  `
insert into runs (id, partition, workspace, process_workspace, process_id, process_version, process_digest, principal, phase, version, created_at,
  started_at, finished_at, updated_at, stopped, document, labels)
select id, n % 16, 'bench', 'bench', 'say', '1', 'd', 'somebody', 'successful', ${eventsOfRun}, at, at, at, at, true,
  'bench/results/' || id || '.json', case when n % 10 = 0 then '{"team": "a"}'::jsonb else '{}' end
from (select n, now() - interval '20 days' + n * interval '10 s' as at,
  (lpad(to_hex((extract(epoch from now() - interval '20 days' + n * interval '10 s') * 1000)::bigint), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid as id
  from generate_series(1, ${runs}) n) made`,
  `
insert into events (run_id, version, type, data, time)
select id, n, 'step.finished', json_build_object('step', 'say', 'attempt', 1, 'outcome', 'successful', 'note', repeat('x', 300)), created_at
from runs, generate_series(1, ${eventsOfRun}) n`,
  `
insert into steps (run_id, step, attempt, workspace, state, cores, memory_mib, requested_at, started_at, finished_at, exit_code, result_key, logs)
select id, 'say', 1, 'bench', 'successful', 1, 256, created_at, created_at, created_at, 0, 'bench/attempts/' || id || '/say/1/result.json', '{}' from runs`,
  `
insert into usage (run_id, step, attempt, workspace, wall_seconds, cpu_seconds, max_memory_bytes, cores, memory_mib, input_bytes, output_bytes,
  started_at, finished_at)
select id, 'say', 1, 'bench', 1, 1, 1e6, 1, 256, 100, 100, created_at, created_at from runs`,
];

async function fillObjects(url: string, uri: string): Promise<void> {
  const store = await openObjectStore(uri);
  const body = JSON.stringify({ outcome: 'successful', outputs: { said: 'x'.repeat(300) } });
  await inLanes(await query(url, 'select id from runs'), 8, async ({ id }) => {
    for (const key of [`bench/attempts/${id}/say/1/result.json`, `bench/results/${id}.json`])
      await store.put(key, body, { derived: true, durable: false });
  });
}
