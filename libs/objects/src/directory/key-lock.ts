import { randomUUID } from 'node:crypto';
import { lstatSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
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
  while (!acquire(lock, holder)) {
    if (Date.now() > deadline)
      throw new ObjectStoreUnavailable(`object store ${folders.uri}: ${key} is being written by others all the time`);
    breakStale(lock);
    await pause(1 + Math.random() * 8);
  }
  const since = Date.now();
  try {
    return await work();
  } finally {
    // One that took too long may have been broken and taken by another: only one's own is removed.
    if (Date.now() - since < staleAfter / 2 || holderOf(lock) === holder) rmSync(lock, { force: true });
  }
}

function acquire(lock: string, holder: string): boolean {
  try {
    symlinkSync(holder, lock);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(lock: string): string | undefined {
  try {
    return readlinkSync(lock);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return undefined;
  }
}

/** Only who wins `{lock}.{holder}` may remove that holder's lock, so a slow breaker never removes the lock of the next holder. */
function breakStale(lock: string): void {
  const holder = holderOf(lock);
  if (holder === undefined || !isStale(lock, holder)) return;
  const claim = `${lock}.${holder}`;
  if (!acquire(claim, String(process.pid))) return;
  try {
    if (holderOf(lock) === holder) rmSync(lock, { force: true });
  } finally {
    rmSync(claim, { force: true });
  }
}

function isStale(lock: string, holder: string): boolean {
  if (!isAlive(Number.parseInt(holder, 10))) return true;
  const made = lstatSync(lock, { throwIfNoEntry: false });
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
