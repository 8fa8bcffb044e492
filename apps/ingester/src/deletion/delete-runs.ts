import type { ObjectStore } from '@runnel/objects';
import { inTransaction, query } from '@runnel/postgres';
import { crashPoint, inLanes } from '@runnel/service';
import type { IngesterParts } from '../parts.ts';
import type { GarbageItem } from '../gc/garbage.ts';
import { removeResults } from '../results/remove-results.ts';

export interface DeletedRun {
  run: string;
  /** Whose run it is, and where it executed. */
  workspace: string;
  executing: string;
  finished: Date | null;
}

type Parts = Pick<IngesterParts, 'database' | 'objects'>;

const lanes = 8;
const batchSize = 100;

/** Runs that are marked as deleted, the oldest mark first. */
export async function deletedRuns({ database }: Pick<Parts, 'database'>, limit = batchSize): Promise<DeletedRun[]> {
  const { rows } = await database.pool.query<DeletedRun>({
    name: 'deleted-runs',
    text: `
select id as run, workspace, coalesce(executing_workspace, workspace) as executing, finished_at as finished
from runs where deleted_at is not null order by deleted_at, id limit $1`,
    values: [limit],
  });
  return rows;
}

/** Where everything lies that a run alone owns, besides its published results. Values come last: a list of what was published is among them. */
export function ownPrefixes({ run, workspace, executing }: Pick<DeletedRun, 'run' | 'workspace' | 'executing'>): string[] {
  const workspaces = [...new Set([executing, workspace])];
  return ['logs', 'attempts', 'values'].flatMap((kind) => workspaces.map((name) => `${name}/${kind}/${run}/`));
}

/**
 * Removes what a deleted run alone owned, its row last: whatever kills this in the middle leaves the mark, and it is done again. Content-addressed
 * objects are not its own: the garbage collection takes them when nothing names them any more. What was used stays in the ledger.
 */
export async function deleteRun(parts: Parts, deleted: DeletedRun): Promise<void> {
  const { run, workspace, finished } = deleted;
  await removeResults(parts, workspace, run, finished ?? undefined);
  crashPoint('ingester.delete.after-results');
  for (const prefix of ownPrefixes(deleted)) await removeAll(parts.objects, prefix);
  crashPoint('ingester.delete.after-objects');
  await inTransaction(parts.database, async (tx) => {
    for (const table of ['callbacks', 'timers', 'grants', 'ready_nodes', 'steps', 'snapshots', 'events']) {
      await query(tx, { text: `delete from ${table} where run_id = $1`, values: [run] });
    }
    // A repeated request would be answered with a run that is not there.
    await query(tx, { text: 'delete from idempotency_keys where workspace = $1 and result = $2', values: [workspace, run] });
    await query(tx, { text: 'delete from runs where id = $1 and deleted_at is not null', values: [run] });
    crashPoint('ingester.delete.before-commit');
  });
  crashPoint('ingester.delete.after-commit');
}

/** Removes every object below a prefix; how many, and their bytes. */
export async function removeAll(objects: ObjectStore, prefix: string): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of objects.list(prefix)) keys.push(key);
  await inLanes(keys, lanes, (key) => objects.delete(key));
}

/** What lies below the prefixes. */
export async function sizeOf(objects: ObjectStore, prefixes: readonly string[]): Promise<Pick<GarbageItem, 'count' | 'bytes'>> {
  const sum = { count: 0, bytes: 0 };
  for (const prefix of prefixes) {
    for await (const { size } of objects.list(prefix)) {
      sum.count += 1;
      sum.bytes += size;
    }
  }
  return sum;
}
