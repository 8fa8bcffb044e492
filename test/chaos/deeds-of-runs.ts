import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repository, type Cluster } from './cluster.ts';
import type { Deed } from './deeds.ts';
import { kinds, startWork } from './workload.ts';

/** A run that fails is resumed, then deleted: nobody sees it any more, and nothing is left of it. */
export const resumeAndDelete: Deed = async (cluster) => {
  const run = await failedRun(cluster);
  const faults = await resume(cluster, run);
  if (faults.length > 0) return faults;
  const deleted = await cluster.request(`/api/v1/runs/${run}?purge=true`, { method: 'DELETE' });
  // 404: it died after the mark, and was asked again.
  if (deleted.status !== 204 && deleted.status !== 404) return [`deleting: ${deleted.status} ${await deleted.text()}`];
  return leftOf(cluster, run);
};

/** What a failed run kept has grown old when it is resumed: the step that takes it over makes it young again, lest it be collected. */
export const resumeAged: Deed = async (cluster) => {
  const run = await failedRun(cluster);
  const kept = join(cluster.objects, 'demo/objects', createHash('sha256').update('kept\n').digest('hex'));
  const old = new Date(Date.now() - 30 * 86_400_000);
  utimesSync(kept, old, old);
  const faults = await resume(cluster, run);
  if (!existsSync(kept)) return [...faults, 'a file that a run took over is gone'];
  return [...faults, ...(statSync(kept).mtimeMs > old.getTime() ? [] : ['a file that a run took over may be collected'])];
};

/** A run that is kept no longer, and one of which only the logs go: `runnel gc` dies there and is called again. */
export const retain: Deed = async (cluster, point) => {
  const run = await failedRun(cluster);
  await cluster.db.pool.query(`update runs set finished_at = now() - interval '400 days' where id = $1`, [run]);
  const column = point.endsWith('after-mark') ? 'run_days' : 'log_days';
  await cluster.db.pool.query(
    `insert into retention (workspace, ${column}, updated_by, updated_at) values ('demo', 300, 'chaos', now()) on conflict (workspace) do update set ${column} = 300`,
  );
  const collect = (crashAt: string) =>
    spawnSync(join(repository, 'bin/runnel'), ['gc', '--data', join(cluster.folder, 'ingester-0')], {
      env: { ...process.env, RUNNEL_CRASH_AT: crashAt },
    });
  const first = collect(point);
  const second = collect('');
  const faults = [
    ...(first.signal === 'SIGKILL' ? [] : [`gc did not come to ${point}: ${first.stderr.toString()}`]),
    ...(second.status === 0 ? [] : [`gc failed: ${second.stderr.toString()}`]),
  ];
  await cluster.db.pool.query('delete from retention');
  if (column === 'run_days') return [...faults, ...(await leftOf(cluster, run))];
  const logs = existsSync(join(cluster.objects, 'demo/logs', run)) ? ['its logs are still there'] : [];
  return [...faults, ...logs, ...((await count(cluster, 'select from runs where id = $1', run)) === 1 ? [] : ['the run itself is gone'])];
};

/** Until it has ended, too. */
async function resume(cluster: Cluster, run: string): Promise<string[]> {
  const resumed = await cluster.request(`/api/v1/runs/${run}/resume`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  if (resumed.status !== 201) return [`resuming: ${resumed.status} ${await resumed.text()}`];
  // A lost answer was asked for again: there may be two.
  await until(async () => (await count(cluster, 'select from runs where resumes = $1 and not stopped', run)) === 0);
  return [];
}

async function failedRun(cluster: Cluster): Promise<string> {
  const { run } = await startWork(cluster, kinds.indexOf('failing'));
  await until(async () => (await count(cluster, `select from runs where id = $1 and phase = 'failed' and stopped`, run)) === 1);
  return run;
}

async function leftOf(cluster: Cluster, run: string): Promise<string[]> {
  await until(async () => (await count(cluster, 'select from runs where id = $1', run)) === 0);
  const faults: string[] = [];
  for (const table of ['events', 'steps', 'snapshots', 'results', 'callbacks'])
    if ((await count(cluster, `select from ${table} where run_id = $1`, run)) > 0)
      faults.push(`rows of a deleted run are left in ${table}`);
  if ((await count(cluster, 'select from runs where id = $1', run)) > 0) faults.push('a deleted run is still there');
  for (const kind of ['attempts', 'logs', 'values', 'results']) {
    const folder = join(cluster.objects, 'demo', kind, run);
    if (existsSync(folder) && readdirSync(folder).length > 0) faults.push(`objects of a deleted run are left: ${folder}`);
  }
  return faults;
}

async function count(cluster: Cluster, text: string, run: string): Promise<number> {
  try {
    return (await cluster.db.pool.query(text, [run])).rowCount ?? 0;
  } catch {
    return -1;
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 600 && !(await holds()); n += 1) await sleep(200);
}
