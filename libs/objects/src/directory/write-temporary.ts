import { createHash, type Hash } from 'node:crypto';
import {
  closeSync,
  constants,
  createReadStream,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsync,
  futimesSync,
  openSync,
  renameSync,
  rmSync,
  write,
  writeSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { chunksOf } from '../body-chunks.ts';
import { ChecksumMismatch, ObjectTooLarge } from '../errors.ts';
import type { PutOptions } from '../store.ts';
import { errnoOf } from './faults.ts';
import { temporaryPath, type StoreFolders } from './folders.ts';

const toDisk = promisify(fsync);
const writeLater = promisify(write);

/** Bytes that are written at once; more, and streams, wait for the disk beside other work. */
const small = 256 * 1024;

/** An object before it has its key: complete, checked, readable by all, writable by none. */
export async function writeTemporary(
  folders: StoreFolders,
  key: string,
  body: Buffer | string | Readable,
  options: PutOptions & { fsync: boolean },
): Promise<string> {
  const path = temporaryPath(folders);
  const file = openSync(path, 'wx', 0o400);
  try {
    const hash = options.sha256 === undefined ? undefined : createHash('sha256');
    const atOnce = (typeof body === 'string' || Buffer.isBuffer(body)) && body.length <= small;
    let size = 0;
    for await (const chunk of chunksOf(body)) {
      size += chunk.length;
      if (options.maxBytes !== undefined && size > options.maxBytes) throw new ObjectTooLarge(key, options.maxBytes);
      hash?.update(chunk);
      for (let at = 0; at < chunk.length;) at += atOnce ? writeSync(file, chunk, at) : (await writeLater(file, chunk, at)).bytesWritten;
    }
    checkSum(key, options.sha256, hash);
    await seal(file, options.fsync);
    return path;
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function checkSum(key: string, expected: string | undefined, hash: Hash | undefined): void {
  const found = hash?.digest('hex');
  if (expected !== undefined && found !== undefined && found !== expected) throw new ChecksumMismatch(key, expected, found);
}

/** Takes a local regular file for an object: the file itself where it is given up and no one else has a name for it, else a copy. */
export async function takeFile(
  folders: StoreFolders,
  key: string,
  path: string,
  options: PutOptions & { move?: boolean; fsync: boolean },
): Promise<string> {
  const file = openRegular(path);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error(`${path} is not a regular file`);
    if (options.maxBytes !== undefined && stats.size > options.maxBytes) throw new ObjectTooLarge(key, options.maxBytes);
    if (options.move && stats.nlink === 1 && options.sha256 === undefined) {
      const moved = await move(folders, path, file, options.fsync);
      if (moved) return moved;
    }
    const copy = await writeTemporary(folders, key, createReadStream(path, { fd: file, autoClose: false, start: 0 }), options);
    if (options.move) rmSync(path);
    return copy;
  } finally {
    closeSync(file);
  }
}

/** A tool's file: not through a link, and without waiting for the other end of a FIFO. */
function openRegular(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw new Error(`cannot store ${path} (${errnoOf(error) ?? 'unknown fault'})`, { cause: error });
  }
}

/** Undefined where the file is on another file system. */
async function move(folders: StoreFolders, path: string, file: number, durable: boolean): Promise<string | undefined> {
  const target = temporaryPath(folders);
  // The tool's user must not be able to make it writable again through a link it is given later.
  if (process.getuid?.() === 0) fchownSync(file, 0, 0);
  await seal(file, durable);
  try {
    renameSync(path, target);
    return target;
  } catch (error) {
    if (errnoOf(error) === 'EXDEV') return undefined;
    throw error;
  }
}

async function seal(file: number, durable: boolean): Promise<void> {
  fchmodSync(file, 0o444);
  // The kernel's own times are coarse; these tell two puts within one tick apart (see infoOf).
  const now = (performance.timeOrigin + performance.now()) / 1000;
  futimesSync(file, now, now);
  if (durable) await toDisk(file);
}

/** A second name for the same bytes, or a copy where links are not to be had (another file system, too many links). */
export async function linkOrCopy(from: string, to: string, link: (from: string, to: string) => void | Promise<void>): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'EXDEV' && code !== 'EMLINK' && code !== 'EPERM' && code !== 'ENOTSUP') throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
}
