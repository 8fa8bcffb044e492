import { contentKeptFor, type ObjectInfo, type ObjectStore } from '@runnel/objects';
import type { Database } from '@runnel/postgres';
import type { GarbageItem, OnGarbage } from './garbage.ts';

const kinds = ['attempts', 'values', 'logs'] as const;

/**
 * Deletes what runs that are no more left in the store: results of attempts, stored values, logs. Only what is a week old: a run that a restored
 * database lost may be told of again by its messages until then.
 */
export async function deleteLeftovers(
  database: Database,
  objects: ObjectStore,
  workspace: string,
  now: Date,
  dryRun: boolean,
  onGarbage: OnGarbage,
): Promise<void> {
  for (const kind of kinds) {
    let current: { run: string; gone: boolean; item: GarbageItem } | undefined;
    for await (const info of objects.list(`${workspace}/${kind}/`)) {
      const run = info.key.split('/')[2] ?? '';
      if (run !== current?.run) {
        report(current, onGarbage);
        const item: GarbageItem = { action: 'delete', kind, key: `${workspace}/${kind}/${run}/`, count: 0, bytes: 0 };
        current = { run, gone: await isGone(database, run), item };
      }
      if (!current.gone || isRecent(info, now)) continue;
      if (!dryRun) await objects.delete(info.key);
      current.item.count += 1;
      current.item.bytes += info.size;
    }
    report(current, onGarbage);
  }
}

function report(current: { item: GarbageItem } | undefined, onGarbage: OnGarbage): void {
  if (current && current.item.count > 0) onGarbage(current.item);
}

function isRecent(info: ObjectInfo, now: Date): boolean {
  return now.getTime() - info.modifiedAt.getTime() < contentKeptFor;
}

async function isGone(database: Database, run: string): Promise<boolean> {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(run)) return false;
  const { rowCount } = await database.pool.query('select from runs where id = $1', [run]);
  return rowCount === 0;
}
