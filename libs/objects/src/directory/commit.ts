import { link, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InvalidKey, PreconditionFailed } from '../errors.ts';
import { mediaTypeOf } from '../media-types.ts';
import type { ObjectInfo, PutOptions } from '../store.ts';
import { errnoOf } from './faults.ts';
import { pathOf, type StoreFolders } from './folders.ts';
import { keepType, lookUp } from './info.ts';
import { withKeyLock } from './key-lock.ts';

type Conditions = Pick<PutOptions, 'ifMatch' | 'ifNoneMatch'>;

/** Gives a finished temporary file its key, or removes it. */
export async function commit(
  folders: StoreFolders,
  key: string,
  temporary: string,
  options: PutOptions & { fsync: boolean },
): Promise<ObjectInfo> {
  try {
    return await withKeyLock(folders, key, async () => {
      await checkConditions(folders, key, options);
      await place(folders, key, temporary, options.ifNoneMatch === '*');
      if (options.fsync) await syncFolder(dirname(pathOf(folders, key)));
      const info = await lookUp(folders, key);
      if (!info) throw new Error(`${key} was removed from outside while it was written`);
      await keepType(folders, info, options.contentType);
      return { ...info, contentType: options.contentType ?? mediaTypeOf(key) };
    });
  } finally {
    // Renamed away, as a rule; still there after a fault, a link, or a rename onto another name of the same inode.
    await unlink(temporary).catch(ignore('ENOENT'));
  }
}

/** Throws PreconditionFailed unless the present object is as the caller says. */
export async function checkConditions(folders: StoreFolders, key: string, conditions: Conditions): Promise<void> {
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifMatch === undefined && ifNoneMatch === undefined) return;
  const present = await lookUp(folders, key);
  if (ifNoneMatch !== undefined && present) throw new PreconditionFailed(key, present.etag);
  if (ifMatch !== undefined && (!present || (ifMatch !== '*' && ifMatch !== present.etag)))
    throw new PreconditionFailed(key, present?.etag);
}

/** A delete may take the empty folder away between mkdir and rename, so both are tried again. */
async function place(folders: StoreFolders, key: string, temporary: string, onlyNew: boolean): Promise<void> {
  const path = pathOf(folders, key);
  for (let attempt = 1; ; attempt++) {
    try {
      if (onlyNew) await link(temporary, path);
      else await rename(temporary, path);
      return;
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'EEXIST' && onlyNew && (await lookUp(folders, key)))
        throw new PreconditionFailed(key, (await lookUp(folders, key))?.etag);
      if (attempt > 10) throw error;
      if (code === 'ENOENT') await makeFolder(folders, key);
      else if (code === 'EISDIR' || code === 'ENOTEMPTY' || code === 'EEXIST') await removeEmptyFolder(path, key);
      else if (code === 'ENOTDIR') throw new InvalidKey(`an object stands where ${key} needs a folder`);
      else throw error;
    }
  }
}

async function makeFolder(folders: StoreFolders, key: string): Promise<void> {
  try {
    await mkdir(dirname(pathOf(folders, key)), { recursive: true, mode: 0o700 });
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOTDIR' || code === 'EEXIST') throw new InvalidKey(`an object stands where ${key} needs a folder`);
    throw error;
  }
}

async function removeEmptyFolder(path: string, key: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST') throw new InvalidKey(`other objects stand under ${key}`);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
}

/** Removes an object and the folders that it leaves empty. */
export async function remove(folders: StoreFolders, key: string, ifMatch: string | undefined): Promise<void> {
  await withKeyLock(folders, key, async () => {
    const info = await lookUp(folders, key);
    if (!info) return;
    if (ifMatch !== undefined && info.etag !== ifMatch) throw new PreconditionFailed(key, info.etag);
    await unlink(pathOf(folders, key)).catch(ignore('ENOENT', 'ENOTDIR'));
    await keepType(folders, info, undefined);
  });
  for (let parent = dirname(key); parent !== '.'; parent = dirname(parent)) {
    if (!(await rmdir(pathOf(folders, parent)).then(() => true, ignore('ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EBUSY')))) return;
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignore(...codes: string[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.includes(errnoOf(error) ?? '')) throw error;
    return undefined;
  };
}
