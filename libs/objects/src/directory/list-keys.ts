import { readdirSync, statSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { ObjectInfo } from '../store.ts';
import { errnoOf } from './faults.ts';
import { pathOf, type StoreFolders } from './folders.ts';
import { infoOf } from './info.ts';

/** Milliseconds after which other work of the process gets its turn. */
const slice = 5;

/**
 * Objects whose keys begin with the prefix, in C-locale order of the keys; holds the names of one folder per level, never the whole tree. Folders are
 * read at once, as names are committed: a way through the thread pool for each took ten times as long, which is minutes with 100,000 runs.
 */
export async function* listKeys(folders: StoreFolders, prefix: string): AsyncIterable<ObjectInfo> {
  const slash = prefix.lastIndexOf('/') + 1;
  const folder = prefix.slice(0, slash);
  /** What is left to do, the next one last: keys, and folders, which end with a slash. */
  const left = backwards(folder, namesIn(folders, folder, prefix.slice(slash)));
  let since = performance.now();
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (performance.now() - since > slice) {
      await othersTurn();
      since = performance.now();
    }
    if (next.endsWith('/')) for (const one of backwards(next, namesIn(folders, next, ''))) left.push(one);
    else {
      const stats = stat(pathOf(folders, next));
      if (stats?.isFile()) yield infoOf(next, stats);
    }
  }
}

const backwards = (folder: string, names: readonly string[]): string[] => names.map((name) => folder + name).reverse();

/** Folders with a slash at the end, which is where their keys sort. */
function namesIn(folders: StoreFolders, folder: string, start: string): string[] {
  const names = entriesOf(folders, folder)
    .filter(
      (entry) => (entry.isFile() || entry.isDirectory()) && entry.name.startsWith(start) && (folder !== '' || !entry.name.startsWith('.')),
    )
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  if (names.length < 2) return names;
  return names
    .map((name) => Buffer.from(name))
    .sort((one, other) => one.compare(other))
    .map(String);
}

function entriesOf(folders: StoreFolders, folder: string): Dirent[] {
  try {
    return readdirSync(join(folders.root, folder), { withFileTypes: true });
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOTDIR' || (code === 'ENOENT' && folder !== '')) return [];
    throw error;
  }
}

/** Undefined for what is gone meanwhile. */
function stat(path: string) {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (errnoOf(error) !== 'ENOTDIR') throw error;
    return undefined;
  }
}
