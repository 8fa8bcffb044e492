import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { ChecksumMismatch, ObjectTooLarge } from '../errors.ts';
import type { PutOptions } from '../store.ts';
import { errnoOf } from './faults.ts';
import { temporaryPath, type StoreFolders } from './folders.ts';

/** An object before it has its key: complete, checked, readable by all, writable by none. */
export async function writeTemporary(
  folders: StoreFolders,
  key: string,
  body: Buffer | string | Readable,
  options: PutOptions & { fsync: boolean },
): Promise<string> {
  const path = temporaryPath(folders);
  const handle = await open(path, 'wx', 0o400);
  try {
    const hash = options.sha256 === undefined ? undefined : createHash('sha256');
    let size = 0;
    for await (const chunk of chunksOf(body)) {
      size += chunk.length;
      if (options.maxBytes !== undefined && size > options.maxBytes) throw new ObjectTooLarge(key, options.maxBytes);
      hash?.update(chunk);
      await handle.writeFile(chunk);
    }
    const found = hash?.digest('hex');
    if (options.sha256 !== undefined && found !== undefined && found !== options.sha256)
      throw new ChecksumMismatch(key, options.sha256, found);
    await seal(handle, options.fsync);
    return path;
  } catch (error) {
    await unlink(path);
    throw error;
  } finally {
    await handle.close();
  }
}

/** Takes a local regular file for an object: the file itself where it is given up and no one else has a name for it, else a copy. */
export async function takeFile(
  folders: StoreFolders,
  key: string,
  path: string,
  options: PutOptions & { move?: boolean; fsync: boolean },
): Promise<string> {
  // A tool's file: not through a link, and without waiting for the other end of a FIFO.
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: unknown) => {
    throw new Error(`cannot store ${path} (${errnoOf(error) ?? 'unknown fault'})`, { cause: error });
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error(`${path} is not a regular file`);
    if (options.maxBytes !== undefined && stats.size > options.maxBytes) throw new ObjectTooLarge(key, options.maxBytes);
    if (options.move && stats.nlink === 1 && options.sha256 === undefined) {
      const moved = await move(folders, path, handle, options.fsync);
      if (moved) return moved;
    }
    const copy = await writeTemporary(folders, key, handle.createReadStream({ autoClose: false, start: 0 }), options);
    if (options.move) await unlink(path);
    return copy;
  } finally {
    await handle.close();
  }
}

/** Undefined where the file is on another file system. */
async function move(folders: StoreFolders, path: string, handle: FileHandle, fsync: boolean): Promise<string | undefined> {
  const target = temporaryPath(folders);
  // The tool's user must not be able to make it writable again through a link it is given later.
  if (process.getuid?.() === 0) await handle.chown(0, 0);
  await seal(handle, fsync);
  try {
    await rename(path, target);
    return target;
  } catch (error) {
    if (errnoOf(error) === 'EXDEV') return undefined;
    throw error;
  }
}

async function seal(handle: FileHandle, fsync: boolean): Promise<void> {
  await handle.chmod(0o444);
  // The kernel's own times are coarse; these tell two puts within one tick apart (see infoOf).
  const now = (performance.timeOrigin + performance.now()) / 1000;
  await handle.utimes(now, now);
  if (fsync) await handle.sync();
}

function chunksOf(body: Buffer | string | Readable): AsyncIterable<Buffer> | Iterable<Buffer> {
  if (typeof body === 'string') return [Buffer.from(body)];
  if (Buffer.isBuffer(body)) return [body];
  return buffersOf(body);
}

async function* buffersOf(body: Readable): AsyncIterable<Buffer> {
  for await (const chunk of body as AsyncIterable<unknown>) {
    if (typeof chunk === 'string') yield Buffer.from(chunk);
    else if (chunk instanceof Uint8Array) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    else throw new TypeError('the body of an object is bytes');
  }
}

/** A second name for the same bytes, or a copy where links are not to be had (another file system, too many links). */
export async function linkOrCopy(from: string, to: string, link: (from: string, to: string) => Promise<void>): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'EXDEV' && code !== 'EMLINK' && code !== 'EPERM' && code !== 'ENOTSUP') throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
}
