import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, writeFileSync, type BigIntStats } from 'node:fs';
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
export function lookUp(folders: StoreFolders, key: string): ObjectInfo | undefined {
  try {
    const stats = statSync(pathOf(folders, key), { bigint: true, throwIfNoEntry: false });
    return stats?.isFile() ? infoOf(key, stats) : undefined;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Media type as given at the put, else by the name. */
export function withType(folders: StoreFolders, info: ObjectInfo): ObjectInfo {
  return { ...info, contentType: keptType(folders, info) ?? mediaTypeOf(info.key) };
}

/** A type is kept beside the object only where the name does not say it; the etag in it tells a type of an object that was replaced. */
export function keptType(folders: StoreFolders, info: ObjectInfo): string | undefined {
  const path = typePath(folders, info.key);
  // Few objects have one: an exception for each of the others would cost more than the look.
  if (!statSync(path, { throwIfNoEntry: false })) return undefined;
  try {
    const [etag, contentType] = readFileSync(path, 'utf8').split('\n');
    return etag === info.etag ? contentType : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export function keepType(folders: StoreFolders, info: ObjectInfo, contentType: string | undefined): void {
  const path = typePath(folders, info.key);
  if (contentType === undefined || contentType === mediaTypeOf(info.key)) {
    if (statSync(path, { throwIfNoEntry: false })) rmSync(path, { force: true });
    return;
  }
  const temporary = join(folders.temporary, randomUUID());
  writeFileSync(temporary, `${info.etag}\n${contentType.replaceAll(/[\r\n]/g, ' ')}`);
  renameSync(temporary, path);
}

function typePath(folders: StoreFolders, key: string): string {
  return join(folders.types, nameOf(key));
}
