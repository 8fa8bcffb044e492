import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectInfo } from '../store.ts';
import { errnoOf } from './faults.ts';
import { pathOf, type StoreFolders } from './folders.ts';
import { infoOf } from './info.ts';

/** Objects whose keys begin with the prefix, in C-locale order of the keys; holds the names of one folder per level, never the whole tree. */
export async function* listKeys(folders: StoreFolders, prefix: string): AsyncIterable<ObjectInfo> {
  const slash = prefix.lastIndexOf('/') + 1;
  yield* walk(folders, prefix.slice(0, slash), prefix.slice(slash));
}

async function* walk(folders: StoreFolders, folder: string, start: string): AsyncIterable<ObjectInfo> {
  for (const name of await namesIn(folders, folder, start)) {
    if (name.endsWith('/')) yield* walk(folders, folder + name, '');
    else {
      // Awaited, for there may be a hundred thousand of them.
      const stats = await stat(pathOf(folders, folder + name), { bigint: true }).catch(ignoreGone);
      if (stats?.isFile()) yield infoOf(folder + name, stats);
    }
  }
}

/** Folders with a slash at the end, which is where their keys sort. */
async function namesIn(folders: StoreFolders, folder: string, start: string): Promise<string[]> {
  try {
    const entries = await readdir(join(folders.root, folder), { withFileTypes: true });
    const names = entries
      .filter(
        (entry) =>
          (entry.isFile() || entry.isDirectory()) && entry.name.startsWith(start) && (folder !== '' || !entry.name.startsWith('.')),
      )
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
    return names
      .map((name) => Buffer.from(name))
      .sort((one, other) => one.compare(other))
      .map(String);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOTDIR' || (code === 'ENOENT' && folder !== '')) return [];
    throw error;
  }
}

function ignoreGone(error: unknown): undefined {
  const code = errnoOf(error);
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  return undefined;
}
