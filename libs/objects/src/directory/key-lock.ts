import { randomUUID } from 'node:crypto';
import { lstat, readlink, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ObjectStoreUnavailable } from '../errors.ts';
import { errnoOf } from './faults.ts';
import { nameOf, type StoreFolders } from './folders.ts';

/** A lock is held for a comparison and a rename: whoever holds one longer is gone or stopped. */
const staleAfter = 10_000;
const giveUpAfter = 30_000;

/**
 * Runs `work` while no other writer, of this process or another one on this machine, is at the same key. The lock is a symbolic link (made
 * atomically, like O_EXCL, with its holder in the same call); that of a dead process is taken away by whoever finds it.
 */
export async function withKeyLock<Result>(folders: StoreFolders, key: string, work: () => Promise<Result>): Promise<Result> {
  const lock = join(folders.locks, nameOf(key));
  const holder = `${process.pid}-${randomUUID()}`;
  const deadline = Date.now() + giveUpAfter;
  while (!(await acquire(lock, holder))) {
    if (Date.now() > deadline)
      throw new ObjectStoreUnavailable(`object store ${folders.uri}: ${key} is being written by others all the time`);
    await breakStale(lock);
    await pause(1 + Math.random() * 8);
  }
  const since = Date.now();
  try {
    return await work();
  } finally {
    // One that took too long may have been broken and taken by another: only one's own is removed.
    if (Date.now() - since < staleAfter / 2 || (await holderOf(lock)) === holder) await unlink(lock).catch(ignoreMissing);
  }
}

async function acquire(lock: string, holder: string): Promise<boolean> {
  try {
    await symlink(holder, lock);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function holderOf(lock: string): Promise<string | undefined> {
  return readlink(lock).catch(ignoreMissing);
}

/** Only who wins `{lock}.{holder}` may remove that holder's lock, so a slow breaker never removes the lock of the next holder. */
async function breakStale(lock: string): Promise<void> {
  const holder = await holderOf(lock);
  if (holder === undefined || !(await isStale(lock, holder))) return;
  const claim = `${lock}.${holder}`;
  if (!(await acquire(claim, String(process.pid)))) return;
  try {
    if ((await holderOf(lock)) === holder) await unlink(lock).catch(ignoreMissing);
  } finally {
    await unlink(claim).catch(ignoreMissing);
  }
}

async function isStale(lock: string, holder: string): Promise<boolean> {
  if (!isAlive(Number.parseInt(holder, 10))) return true;
  const made = await lstat(lock).catch(ignoreMissing);
  return made !== undefined && Date.now() - made.mtimeMs > staleAfter;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

function ignoreMissing(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error;
  return undefined;
}
