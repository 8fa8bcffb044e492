import { resultsPrefix } from '@runnel/objects';
import { holdLabel, inTransaction, markDeleted } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import { deletedRuns, deleteRun, ownPrefixes, removeAll, sizeOf } from '../deletion/delete-runs.ts';
import type { DeletedRun } from '../deletion/delete-runs.ts';
import type { OnGarbage } from '../gc/garbage.ts';
import type { IngesterParts } from '../parts.ts';
import { removeResults } from '../results/remove-results.ts';

type Parts = Pick<IngesterParts, 'database' | 'objects'>;

/** What a rule of retention takes away of a run; each leaves a mark in the run's row when it is done. */
const kinds = {
  run: { days: 'run_days', done: 'deleted_at' },
  logs: { days: 'log_days', done: 'logs_removed_at' },
  results: { days: 'result_days', done: 'results_removed_at' },
} as const;

const batchSize = 500;
const noRun = '00000000-0000-0000-0000-000000000000';

/**
 * Removes what workspaces keep no longer: whole runs, logs, published results. By the workspace whose run it is; runs with the label of a legal hold
 * lose nothing. May be killed at any point: what is done is marked after it is done, and is done again where it is not marked.
 */
export async function applyRetention(parts: Parts, now: Date, dryRun: boolean, onGarbage: OnGarbage): Promise<void> {
  for (const kind of ['run', 'logs', 'results'] as const) {
    for (let after = noRun; ;) {
      const due = await dueRuns(parts, kind, now, after);
      for (const run of due) await removeOne(parts, kind, run, dryRun, onGarbage);
      const last = due.at(-1);
      if (!last || due.length < batchSize) break;
      after = last.run;
    }
  }
  if (!dryRun) return;
  for (const deleted of await deletedRuns(parts, 1_000_000)) {
    onGarbage({ action: 'delete', kind: 'run', key: keyOf(deleted), ...(await sizeOf(parts.objects, allPrefixes(deleted))) });
  }
}

async function dueRuns({ database }: Parts, kind: keyof typeof kinds, now: Date, after: string): Promise<DeletedRun[]> {
  const { days, done } = kinds[kind];
  const { rows } = await database.pool.query<DeletedRun>(
    `
select r.id as run, r.workspace, coalesce(r.executing_workspace, r.workspace) as executing, r.finished_at as finished
from retention t join runs r on r.workspace = t.workspace
where t.${days} is not null and r.finished_at < $1::timestamptz - make_interval(days => t.${days}) and r.stopped
  and r.${done} is null and r.deleted_at is null and not r.labels ? '${holdLabel}' and r.id > $2
order by r.id limit ${batchSize}`,
    [now, after],
  );
  return rows;
}

async function removeOne(parts: Parts, kind: keyof typeof kinds, run: DeletedRun, dryRun: boolean, onGarbage: OnGarbage): Promise<void> {
  const prefixes = prefixesOf(kind, run);
  const item = { action: 'delete' as const, kind, key: keyOf(run), ...(await sizeOf(parts.objects, prefixes)) };
  if (!dryRun && !(await remove(parts, kind, run, prefixes))) return;
  if (kind === 'run' || item.count > 0) onGarbage(item);
}

/** False where the run may not be touched now: an open one uses it, or it was held a moment ago. */
async function remove(parts: Parts, kind: keyof typeof kinds, run: DeletedRun, prefixes: readonly string[]): Promise<boolean> {
  if (kind === 'run') {
    const marked = await inTransaction(parts.database, (tx) => markDeleted(tx, run.run));
    crashPoint('ingester.retention.after-mark');
    if (marked.kind === 'marked') await deleteRun(parts, run);
    return marked.kind === 'marked';
  }
  if (await isNeeded(parts, run.run)) return false;
  if (kind === 'results') await removeResults(parts, run.workspace, run.run, run.finished ?? undefined);
  else for (const prefix of prefixes) await removeAll(parts.objects, prefix);
  crashPoint('ingester.retention.before-note');
  const document = kind === 'results' ? ', document = null' : '';
  await parts.database.pool.query(`update runs set ${kinds[kind].done} = now()${document} where id = $1`, [run.run]);
  return true;
}

/** Held since it was found, or its results are inputs of a run that has not ended. */
async function isNeeded({ database }: Parts, run: string): Promise<boolean> {
  const { rowCount } = await database.pool.query(
    `
select from runs where id = $1::uuid and labels ? '${holdLabel}'
union all
select from runs r join events e on e.run_id = r.id and e.version = 1
where r.finished_at is null and strpos(e.data::text, '/results/' || $1::text || '/') > 0`,
    [run],
  );
  return (rowCount ?? 0) > 0;
}

const keyOf = ({ workspace, run }: DeletedRun): string => `${workspace}/${run}`;

const allPrefixes = (run: DeletedRun): string[] => [...ownPrefixes(run), resultsPrefix(run.workspace, run.run)];

function prefixesOf(kind: keyof typeof kinds, run: DeletedRun): string[] {
  if (kind === 'results') return [resultsPrefix(run.workspace, run.run)];
  return kind === 'run' ? allPrefixes(run) : ownPrefixes(run).filter((prefix) => prefix.includes('/logs/'));
}
