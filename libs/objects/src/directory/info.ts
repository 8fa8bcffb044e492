import { randomUUID } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mediaTypeOf } from '../media-types.ts';
import type { ObjectInfo } from '../store.ts';
import { errnoOf } from './faults.ts';
import { nameOf, pathOf, type StoreFolders } from './folders.ts';

/**
 * Objects are never changed in place, and each put sets the time of its new inode to the microsecond: size, time and inode tell two contents
 * apart, also after a restart.
 */
export function infoOf(key: string, stats: BigIntStats): ObjectInfo {
  const etag = `"${stats.ino.toString(36)}-${stats.mtimeNs.toString(36)}-${stats.size.toString(36)}"`;
  return { key, size: Number(stats.size), etag, modifiedAt: new Date(Number(stats.mtimeNs / 1_000_000n)) };
}

/** What is at the key, without its media type; undefined where there is no object. */
export async function lookUp(folders: StoreFolders, key: string): Promise<ObjectInfo | undefined> {
  try {
    const stats = await stat(pathOf(folders, key), { bigint: true });
    return stats.isFile() ? infoOf(key, stats) : undefined;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Media type as given at the put, else by the name. */
export async function withType(folders: StoreFolders, info: ObjectInfo): Promise<ObjectInfo> {
  return { ...info, contentType: (await keptType(folders, info)) ?? mediaTypeOf(info.key) };
}

/** A type is kept beside the object only where the name does not say it; the etag in it tells a type of an object that was replaced. */
async function keptType(folders: StoreFolders, info: ObjectInfo): Promise<string | undefined> {
  const text = await readFile(typePath(folders, info.key), 'utf8').catch(ignoreMissing);
  const [etag, contentType] = text?.split('\n') ?? [];
  return etag === info.etag ? contentType : undefined;
}

export async function keepType(folders: StoreFolders, info: ObjectInfo, contentType: string | undefined): Promise<void> {
  const path = typePath(folders, info.key);
  if (contentType === undefined || contentType === mediaTypeOf(info.key)) {
    await unlink(path).catch(ignoreMissing);
    return;
  }
  const temporary = join(folders.temporary, randomUUID());
  await writeFile(temporary, `${info.etag}\n${contentType.replaceAll(/[\r\n]/g, ' ')}`);
  await rename(temporary, path);
}

function typePath(folders: StoreFolders, key: string): string {
  return join(folders.types, nameOf(key));
}

function ignoreMissing(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error;
  return undefined;
}
