import type { ObjectStore } from '@runnel/objects';
import { withoutGarbageCollection, type Database } from '@runnel/postgres';
import { applyRetention } from '../retention/apply-retention.ts';
import { keepHeld } from '../retention/keep-held.ts';
import { deleteLeftovers } from './deleted-runs.ts';
import type { GarbageItem, GarbageSummary, OnGarbage } from './garbage.ts';
import { deleteMarked, markUnused } from './unused-objects.ts';
import { registerObjects } from './unregistered-objects.ts';

export interface GarbageOptions {
  /** Changes nothing, tells what would be done. */
  dryRun: boolean;
  now?: Date;
  /** Told of each thing, in the order in which it is done. */
  onGarbage?: OnGarbage;
}

/**
 * Deletes what nothing needs any more: content-addressed objects that nothing named for a week (marked, deleted a day later), and what runs that
 * are no more left behind; before that, what workspaces keep no longer. Undefined where another collection is under way. Published results are
 * touched by retention only, files of users never.
 */
export async function collectGarbage(
  database: Database,
  objects: ObjectStore,
  options: GarbageOptions,
): Promise<GarbageSummary | undefined> {
  const { dryRun, now = new Date() } = options;
  const summary: GarbageSummary = { marked: { count: 0, bytes: 0 }, deleted: { count: 0, bytes: 0 } };
  const onGarbage = (item: GarbageItem): void => {
    const sum = item.action === 'mark' ? summary.marked : summary.deleted;
    sum.count += item.count;
    sum.bytes += item.bytes;
    options.onGarbage?.(item);
  };
  return withoutGarbageCollection(database, async () => {
    const parts = { database, objects };
    await applyRetention(parts, now, dryRun, onGarbage);
    if (!dryRun) await keepHeld(parts, now);
    await deleteMarked(database, objects, now, dryRun, onGarbage);
    for (const workspace of await workspaces(database)) {
      await registerObjects(database, objects, workspace, now, dryRun, onGarbage);
      await deleteLeftovers(database, objects, workspace, now, dryRun, onGarbage);
    }
    await markUnused(database, now, dryRun, onGarbage);
    return summary;
  });
}

async function workspaces(database: Database): Promise<string[]> {
  const { rows } = await database.pool.query<{ workspace: string }>(
    'select workspace from runs union select workspace from objects union select workspace from processes union select workspace from tokens order by 1',
  );
  return rows.map(({ workspace }) => workspace);
}
