import { statSync } from 'node:fs';
import { InvalidKey, ObjectNotFound, ObjectStoreUnavailable } from '../errors.ts';
import type { StoreFolders } from './folders.ts';

/** `ENOENT` and the like. */
export function errnoOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const storeFaults: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EIO: 'the disk reports an error',
  EROFS: 'the file system is read-only',
  ENODEV: 'the file system is away',
  ENXIO: 'the file system is away',
  ESTALE: 'the file system is away',
  ETIMEDOUT: 'the file system does not answer',
  EACCES: 'the service may not read or write there',
  EPERM: 'the service may not read or write there',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ENOMEM: 'memory is short',
};

/** Says in the store's words what a system call's failure on `key` means. */
export function explain(folders: StoreFolders, key: string, error: unknown): unknown {
  const code = errnoOf(error);
  if (code === undefined) return error;
  const fault = storeFaults[code];
  if (fault) return new ObjectStoreUnavailable(`object store ${folders.uri}: ${fault} (${code})`, { cause: error });
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    // The marker tells an object that is not there from a volume that is not mounted.
    if (!isThere(folders.marker)) return new ObjectStoreUnavailable(`object store ${folders.uri}: the folder is away`, { cause: error });
    return new ObjectNotFound(key);
  }
  if (code === 'ENAMETOOLONG') return new InvalidKey(`the key is too long for the file system: ${key}`);
  return error;
}

/** Runs file operations on `key`; their failures reject as the store's errors. */
export async function guarded<Result>(folders: StoreFolders, key: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw explain(folders, key, error);
  }
}

export function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
