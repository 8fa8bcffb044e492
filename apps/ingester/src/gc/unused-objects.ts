import { contentKeptFor, PreconditionFailed, type ObjectStore } from '@runnel/objects';
import { inTransaction, query, type Database, type Transaction } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import type { OnGarbage } from './garbage.ts';

const markedFor = 86_400_000;
/** Rows that are locked at a time. */
const batchSize = 100;

interface ObjectRow {
  workspace: string;
  sha256: string;
  size: string;
}

/**
 * What a run names it touched after it was accepted: an object untouched since before the oldest open run of its workspace is named by none.
 * A workspace may keep it for longer. Parameters: 1 now, 2 untouched since before, 3 marked before.
 */
const unused = `
o.touched_at < $2
  and o.touched_at < $1::timestamptz - make_interval(days => coalesce((select t.intermediate_days from retention t where t.workspace = o.workspace), 0))
  and not exists (
  select from runs r
  where not r.stopped and r.phase in ('accepted', 'running', 'publishing') and coalesce(r.executing_workspace, r.workspace) = o.workspace
    and r.created_at <= o.touched_at)`;

/** Marks objects that nothing named for a week, forgets marks of those that something touched (the touch removes them). */
export async function markUnused(database: Database, now: Date, dryRun: boolean, onGarbage: OnGarbage): Promise<void> {
  const before = new Date(now.getTime() - contentKeptFor);
  const { rows } = dryRun
    ? await database.pool.query<ObjectRow>(
        `select o.workspace, o.sha256, o.size from objects o where o.marked_at is null and $1::timestamptz is not null and ${unused} order by 1, 2`,
        [now, before],
      )
    : await database.pool.query<ObjectRow>(
        `update objects o set marked_at = $1 where o.marked_at is null and ${unused} returning o.workspace, o.sha256, o.size`,
        [now, before],
      );
  for (const row of rows) onGarbage({ action: 'mark', kind: 'object', key: keyOf(row), count: 1, bytes: Number(row.size) });
}

/** Deletes objects marked a day ago and not touched since, each under the lock of its row. */
export async function deleteMarked(
  database: Database,
  objects: ObjectStore,
  now: Date,
  dryRun: boolean,
  onGarbage: OnGarbage,
): Promise<void> {
  for (let more = true; more;) {
    more = await inTransaction(database, async (tx) => {
      const rows = await lockMarked(tx, now, dryRun);
      for (const row of rows) {
        if (dryRun || (await deleteObject(tx, objects, row, now))) {
          onGarbage({ action: 'delete', kind: 'object', key: keyOf(row), count: 1, bytes: Number(row.size) });
        }
      }
      crashPoint('ingester.gc.before-commit');
      return !dryRun && rows.length === batchSize;
    });
  }
}

async function lockMarked(tx: Transaction, now: Date, dryRun: boolean): Promise<ObjectRow[]> {
  const times = [now, new Date(now.getTime() - contentKeptFor), new Date(now.getTime() - markedFor)];
  const { rows } = await query<ObjectRow>(tx, {
    text: `
select o.workspace, o.sha256, o.size from objects o
where o.marked_at < least($1::timestamptz, $3::timestamptz) and ${unused}
order by o.workspace, o.sha256 ${dryRun ? '' : `limit ${batchSize} for update of o skip locked`}`,
    values: times,
  });
  return rows;
}

/** False where it was put again lately: a step is about to name it. */
async function deleteObject(tx: Transaction, objects: ObjectStore, row: ObjectRow, now: Date): Promise<boolean> {
  const info = await objects.head(keyOf(row));
  if (info && now.getTime() - info.modifiedAt.getTime() < contentKeptFor) return spare(tx, row, info.modifiedAt);
  try {
    if (info) await objects.delete(info.key, { ifMatch: info.etag });
  } catch (error) {
    if (error instanceof PreconditionFailed) return spare(tx, row, now);
    throw error;
  }
  crashPoint('ingester.gc.after-delete');
  await query(tx, {
    name: 'delete-object',
    text: 'delete from objects where workspace = $1 and sha256 = $2',
    values: [row.workspace, row.sha256],
  });
  return true;
}

async function spare(tx: Transaction, { workspace, sha256 }: ObjectRow, touchedAt: Date): Promise<false> {
  await query(tx, {
    name: 'spare-object',
    text: 'update objects set marked_at = null, touched_at = greatest(touched_at, $3) where workspace = $1 and sha256 = $2',
    values: [workspace, sha256, touchedAt],
  });
  return false;
}

function keyOf({ workspace, sha256 }: ObjectRow): string {
  return `${workspace}/objects/${sha256}`;
}
