import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startPostgres } from '@runnel/embedded';
import { migrate, openDatabase, type Database } from '@runnel/postgres';
import { Client, type PoolClient } from 'pg';
import { listRuns } from '../../apps/api/src/runs/list-runs.ts';
import type { RunFilter } from '../../apps/api/src/runs/run-filter.ts';
import { admit } from '../../apps/scheduler/src/admission/admit.ts';
import { forgetChanges, readDemand } from '../../apps/scheduler/src/admission/read-demand.ts';
import { noTurns } from '../../apps/scheduler/src/admission/turns.ts';
import { createWaitingNodes } from '../../apps/scheduler/src/admission/waiting-nodes.ts';
import { writeAdmission } from '../../apps/scheduler/src/admission/write-admission.ts';
import { percentile, printRows, type Row } from './measure.ts';

const runs = Number(process.env['BENCH_RUNS'] ?? 1_000_000);
/** A folder whose database is filled once and kept, for who tries statements; default: a new one that is removed. */
const kept = process.env['BENCH_TABLES'];
/** Milliseconds after which a list is not asked for again. */
const tooLong = 1000;
const workspaces = 1000;
const waiting = 100;

/** What grows with the years and the tenants: lists of runs, and rounds of admission, on a database of its own with the product's statements. */
export async function benchTables(): Promise<void> {
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'runnel-bench-tables-'));
  mkdirSync(folder, { recursive: true });
  const server = await startPostgres({
    dataDir: join(folder, 'data'),
    port: await freePort(),
    passwordFile: join(folder, 'password'),
    logFile: join(folder, 'log'),
  });
  try {
    await migrate(server.url);
    // Filling takes longer than a statement of the services may.
    if (!(await isFilled(server.url)))
      await asAdmin(server.url, fill, fillNodes, 'vacuum analyze runs, run_labels, run_words, ready_nodes');
    const database = await openDatabase({ url: server.url, name: 'bench' });
    printRows(`${runs} runs, ${workspaces} workspaces`, [...(await listRows(database)), ...(await admissionRows(database))]);
    await database.close();
  } finally {
    await server.stop();
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function isFilled(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ filled: boolean }>('select exists (select from runs) as filled');
  await client.end();
  return rows[0]?.filled ?? false;
}

/** Over 400 days, nine in ten runs of one workspace; of all one in a thousand failed, one in ten thousand open and one in ten thousand with a rare label. */
const fill = `
insert into runs (id, partition, workspace, process_workspace, process_id, process_version, process_digest, principal, phase, version, created_at,
  started_at, finished_at, updated_at, stopped, name, labels)
select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7000' || '8' || lpad(to_hex(n), 15, '0'))::uuid, n % 16,
  case when n % 10 = 0 then 'other' else 'bench' end, 'bench', 'process-' || n % 50, '1', 'd', 'somebody',
  case when n % 10000 = 1 then 'running' when n % 1000 = 2 then 'failed' else 'successful' end, 9, at, at,
  case when n % 10000 = 1 then null else at + interval '1 minute' end, at, n % 10000 <> 1,
  case when n % 5000 = 3 then 'night ' || n end, case when n % 10000 = 4 then '{"team": "a", "case": "rare"}'::jsonb when n % 100 = 4 then '{"team": "a"}'::jsonb when n % 100 = 6 then '{"zone": "b"}'::jsonb else '{}'::jsonb end
from (select n, date_trunc('milliseconds', now() - interval '400 days' + n * interval '400 days' / ${runs}) as at from generate_series(1, ${runs}) n) made`;

const fillNodes = `
insert into ready_nodes (run_id, node, workspace, count, cores, memory_mib, reason, since)
select gen_random_uuid(), 'step', 'w' || lpad((n % ${workspaces})::text, 4, '0'), 10, 1, 256, 'all slots are busy', now() - n * interval '1 ms'
from generate_series(1, ${workspaces * waiting}) n`;

async function asAdmin(url: string, ...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

async function listRows(database: Database): Promise<Row[]> {
  const middle = await database.pool.query<{ at: Date; id: string }>(
    `select created_at as at, id from runs where workspace = 'bench' and created_at > now() - interval '200 days' order by created_at limit 1`,
  );
  const [first] = middle.rows;
  if (!first) throw new Error('the lists of runs need some runs of the last 200 days');
  const half = { createdAt: first.at.toISOString(), id: first.id };
  const page = { workspace: 'bench', limit: 101 };
  const lists: Record<string, RunFilter> = {
    'the newest': page,
    'a page in the middle': { ...page, after: half },
    'the page before it': { ...page, before: half },
    'the oldest': { ...page, ascending: true },
    'failed ones': { ...page, phases: ['failed'] },
    'failed ones, in the middle': { ...page, phases: ['failed'], after: half },
    'open ones': { ...page, phases: ['accepted', 'running', 'publishing'] },
    'of one process, in the middle': { ...page, processes: ['process-7'], after: half },
    'of one process, failed, of which there are none': { ...page, processes: ['process-7'], phases: ['failed'] },
    'of two processes': { ...page, processes: ['process-7', 'process-8'] },
    'of one name': { ...page, name: 'night 5003' },
    'with a label': { ...page, labels: { team: 'a' } },
    'with a label, in the middle': { ...page, labels: { team: 'a' }, after: half },
    'with a rare label': { ...page, labels: { case: 'rare' } },
    'with two labels': { ...page, labels: { team: 'a', case: 'rare' } },
    'with a label, of one process': { ...page, labels: { team: 'a' }, processes: ['process-4'] },
    'with a label, failed, of which there are none': { ...page, labels: { team: 'a' }, phases: ['failed'] },
    'with a label, of one process, of which there are none': { ...page, labels: { team: 'a' }, processes: ['process-7'] },
    'with a label, of one process, failed, of which there are none': {
      ...{ ...page, labels: { team: 'a' }, processes: ['process-4'], phases: ['failed'] },
    },
    'with two labels that many have, and none both': { ...page, labels: { team: 'a', zone: 'b' } },
    'of others, with a label': { ...page, labels: { team: 'a' }, executing: true },
    'a text that many have': { ...page, text: 'process-1' },
    'a text that few have': { ...page, text: 'night 5003' },
    'a text that some have, in the middle': { ...page, text: 'night', after: half },
    'a text that few have, failed, of which there are none': { ...page, text: 'rare', phases: ['failed'] },
    'a text that many have, with a label, of which there are none': { ...page, text: 'process-7', labels: { team: 'a' } },
    'a text that nobody has': { ...page, text: 'nowhere' },
    'the beginning of an id': { ...page, text: half.id.slice(0, 13) },
  };
  const rows: Row[] = [];
  for (const [name, filter] of Object.entries(lists)) {
    const took: number[] = [];
    for (let round = 0; round < 60; round += 1) {
      const begun = performance.now();
      await listRuns(database, filter);
      const one = performance.now() - begun;
      if (round >= 10 || one > tooLong) took.push(one);
      if (one > tooLong) break;
    }
    rows.push(row(`list of runs: ${name}, p50 and p99`, took, '<= 10 ms'));
  }
  return rows;
}

async function admissionRows(database: Database): Promise<Row[]> {
  await database.pool.query(
    `insert into executors (id, backend, slots, cores, memory_mib, isolation, accepting, lease_until, heartbeat_at)
     values ('x', 'kubernetes', 1000000, 1000000, 1e9, 'none', true, now() + interval '1 day', now())`,
  );
  await database.pool.query(
    `insert into quotas (workspace, weight, steps, cores, updated_by, updated_at)
     select 'w' || lpad(n::text, 4, '0'), 1 + n % 3, 50, 1000, 'bench', now() from generate_series(0, ${workspaces / 2}) n`,
  );
  const client = await database.pool.connect();
  // As the admitter's own connection.
  await client.query('set synchronous_commit = off');
  const first = performance.now();
  await readDemand(client, createWaitingNodes());
  const rows = [
    row('admission: what waits is read for the first time', [performance.now() - first], ''),
    row('admission round, 100 waiting steps in each workspace, 8 slots free', await rounds(client, 8), '<= 20 ms'),
    row('the same, no slot free', await rounds(client, 0), '<= 20 ms'),
    row('the same, 200 slots free', await rounds(client, 200), '<= 20 ms'),
  ];
  client.release();
  return rows;
}

/** Rounds as the admitter makes them, each with so many places free; what one grants is asked for before the next, and as many other nodes come. */
async function rounds(client: PoolClient, free: number): Promise<number[]> {
  const waiting = createWaitingNodes();
  let turns = noTurns;
  let snapshot: string | undefined;
  const took: number[] = [];
  for (let round = 0; round < 60; round += 1) {
    const begun = performance.now();
    const demand = await readDemand(client, waiting, snapshot);
    const executors = demand.executors.map((executor) => ({ ...executor, capacity: free }));
    const admission = admit(waiting, { ...demand, executors }, turns, Date.now());
    await writeAdmission(client, admission);
    ({ snapshot } = demand);
    turns = admission.turns;
    if (round >= 10) took.push(performance.now() - begun);
    const granted = admission.grants.reduce((sum, { count }) => sum + count, 0);
    if (granted !== free) throw new Error(`${granted} of ${free} places were given`);
    await client.query(`
with taken as (delete from grants returning run_id, node, workspace, count),
gone as (delete from ready_nodes r using taken t where r.run_id = t.run_id and r.node = t.node)
insert into ready_nodes (run_id, node, workspace, count, cores, memory_mib, reason, since)
select gen_random_uuid(), node, workspace, 10, 1, 256, 'waits for admission', now() from taken`);
    await forgetChanges(client, demand.snapshot);
  }
  return took;
}

const row = (what: string, took: number[], target: string): Row => ({
  what,
  ours: `${percentile(took, 50).toFixed(1)} ms, ${percentile(took, 99).toFixed(1)} ms`,
  peer: '',
  ratio: '',
  target,
});
