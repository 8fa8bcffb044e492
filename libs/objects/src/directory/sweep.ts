import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoreFolders } from './folders.ts';

/** An upload that got no byte for an hour is dead, like a lock of that age. */
const deadAfter = 3_600_000;

/** Removes what writers that were killed left behind. */
export async function sweep(folders: StoreFolders, now: number): Promise<void> {
  for (const folder of [folders.temporary, folders.locks]) {
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      // Another process may sweep at the same time.
      const stats = await lstat(path).catch(() => undefined);
      if (stats && now - stats.mtimeMs > deadAfter) await unlink(path).catch(() => undefined);
    }
  }
}
