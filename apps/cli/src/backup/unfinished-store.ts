import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { syncAll, syncFolders } from './sync-folders.ts';

/**
 * Runs the work that fills an object store. The files of a store that is a folder are brought to the disk all at once, afterwards: until then a mark
 * stands beside them, for after a power failure some may be empty.
 */
export async function withUnfinishedStore<T>(objects: string, work: () => Promise<T>): Promise<T> {
  const mark = markOf(objects);
  if (mark === undefined) return work();
  const folder = fileURLToPath(objects);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(mark, 'A restore into this folder has not ended.\n', { mode: 0o600, flush: true });
  await syncFolders(folder);
  const result = await work();
  await syncAll(folder);
  await rm(mark);
  await syncFolders(folder);
  return result;
}

/** Whether filling the store was broken off: what stands there may be anything. */
export function isUnfinished(objects: string): boolean {
  const mark = markOf(objects);
  return mark !== undefined && existsSync(mark);
}

/** Its name is none that a key could have. */
const markOf = (objects: string): string | undefined =>
  objects.startsWith('file:') ? join(fileURLToPath(objects), '.restoring') : undefined;
