import { linkSync, mkdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InvalidKey, PreconditionFailed } from '../errors.ts';
import { mediaTypeOf } from '../media-types.ts';
import type { ObjectInfo, PutOptions } from '../store.ts';
import { errnoOf, isThere } from './faults.ts';
import { pathOf, type StoreFolders } from './folders.ts';
import { keepType, lookUp } from './info.ts';
import { withKeyLock } from './key-lock.ts';
import { syncFolder } from './sync-folder.ts';

type Conditions = Pick<PutOptions, 'ifMatch' | 'ifNoneMatch'>;

/**
 * Gives a finished temporary file its key, or removes it. What only touches names is done at once: on a local disk that takes microseconds, a
 * way through the thread pool ten times as long. Only what waits for the disk is awaited.
 */
export async function commit(
  folders: StoreFolders,
  key: string,
  temporary: string,
  options: PutOptions & { fsync: boolean },
): Promise<ObjectInfo> {
  const work = async (): Promise<ObjectInfo> => {
    checkConditions(folders, key, options);
    place(folders, key, temporary, options.ifNoneMatch === '*');
    if (options.fsync) await syncFolder(dirname(pathOf(folders, key)));
    const info = lookUp(folders, key);
    if (!info) throw new Error(`${key} was removed from outside while it was written`);
    const named = mediaTypeOf(key);
    // Under a derived key no object of another type can have stood before.
    if (!options.derived || (options.contentType ?? named) !== named) keepType(folders, info, options.contentType);
    return { ...info, contentType: options.contentType ?? named };
  };
  try {
    return await (options.derived ? work() : withKeyLock(folders, key, work));
  } finally {
    // Renamed away, as a rule; still there after a fault, a link, or a rename onto another name of the same inode.
    if (statSync(temporary, { throwIfNoEntry: false })) rmSync(temporary, { force: true });
  }
}

/** Throws PreconditionFailed unless the present object is as the caller says. */
export function checkConditions(folders: StoreFolders, key: string, conditions: Conditions): void {
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifMatch === undefined && ifNoneMatch === undefined) return;
  const present = lookUp(folders, key);
  if (ifNoneMatch !== undefined && present) throw new PreconditionFailed(key, present.etag);
  if (ifMatch !== undefined && (!present || (ifMatch !== '*' && ifMatch !== present.etag)))
    throw new PreconditionFailed(key, present?.etag);
}

/** A delete may take the empty folder away between mkdir and rename, so both are tried again. */
function place(folders: StoreFolders, key: string, temporary: string, onlyNew: boolean): void {
  const path = pathOf(folders, key);
  // Looked at first, for an exception costs more.
  if (!isThere(dirname(path))) makeFolder(folders, key);
  for (let attempt = 1; ; attempt++) {
    try {
      if (onlyNew) linkSync(temporary, path);
      else renameSync(temporary, path);
      return;
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'EEXIST' && onlyNew && lookUp(folders, key)) throw new PreconditionFailed(key, lookUp(folders, key)?.etag);
      if (attempt > 10) throw error;
      if (code === 'ENOENT') makeFolder(folders, key);
      else if (code === 'EISDIR' || code === 'ENOTEMPTY' || code === 'EEXIST') removeEmptyFolder(path, key);
      else if (code === 'ENOTDIR') throw new InvalidKey(`an object stands where ${key} needs a folder`);
      else throw error;
    }
  }
}

function makeFolder(folders: StoreFolders, key: string): void {
  try {
    mkdirSync(dirname(pathOf(folders, key)), { recursive: true, mode: 0o700 });
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOTDIR' || code === 'EEXIST') throw new InvalidKey(`an object stands where ${key} needs a folder`);
    throw error;
  }
}

function removeEmptyFolder(path: string, key: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST') throw new InvalidKey(`other objects stand under ${key}`);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
}

/** Removes an object and the folders that it leaves empty. */
export async function remove(folders: StoreFolders, key: string, ifMatch: string | undefined): Promise<void> {
  await withKeyLock(folders, key, async () => {
    const info = lookUp(folders, key);
    if (!info) return;
    if (ifMatch !== undefined && info.etag !== ifMatch) throw new PreconditionFailed(key, info.etag);
    rmSync(pathOf(folders, key), { force: true });
    keepType(folders, info, undefined);
  });
  for (let parent = dirname(key); parent !== '.'; parent = dirname(parent)) {
    if (!(await rmdir(pathOf(folders, parent)).then(() => true, ignore('ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EBUSY')))) return;
  }
}

function ignore(...codes: string[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.includes(errnoOf(error) ?? '')) throw error;
    return undefined;
  };
}
