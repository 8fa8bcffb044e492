import { closeSync, constants, fstatSync, linkSync, openSync, readFileSync } from 'node:fs';
import { copyFile, open, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { ObjectNotFound, ObjectTooLarge, RangeNotSatisfiable } from '../errors.ts';
import { checkKey, checkPrefix } from '../keys.ts';
import type { ByteRange, ObjectInfo, ObjectStore, PutOptions } from '../store.ts';
import { checkConditions, commit, remove } from './commit.ts';
import { errnoOf, explain, guarded, isThere } from './faults.ts';
import { createFolders, foldersOf, pathOf, temporaryPath, type StoreFolders } from './folders.ts';
import { infoOf, keptType, lookUp, withType } from './info.ts';
import { listKeys } from './list-keys.ts';
import { sweep } from './sweep.ts';
import { linkOrCopy, takeFile, writeTemporary } from './write-temporary.ts';

export interface DirectoryStoreOptions {
  /** Waits for the disk at each put (survives a power failure, not only a crash of the process); default true. */
  fsync?: boolean;
}

/**
 * Objects as files at their keys below one directory. Beside what every store refuses, a key cannot be a folder of another key. Etags are
 * made of inode, time and size; a copy, where the file system can link, is a second name of the same bytes.
 */
export async function openDirectoryStore(root: string, options: DirectoryStoreOptions): Promise<ObjectStore> {
  const folders = foldersOf(root);
  const fsync = options.fsync ?? true;
  await guarded(folders, '', () => createFolders(folders));
  await guarded(folders, '', () => sweep(folders, Date.now()));
  const on = <Result>(key: string, work: () => Promise<Result>) => {
    checkKey(key);
    return guarded(folders, key, work);
  };
  const withSync = <Options extends PutOptions>(putOptions: Options): Durable<Options> => ({
    ...putOptions,
    fsync: fsync && putOptions.durable !== false,
  });
  return {
    uri: folders.uri,
    put: async (key, body, putOptions = {}) => on(key, () => put(folders, key, body, withSync(putOptions))),
    get: async (key, range) => on(key, () => get(folders, key, range)),
    getBytes: async (key, maxBytes) => on(key, () => getBytes(folders, key, maxBytes)),
    head: async (key) => on(key, () => head(folders, key)),
    list: (prefix) => list(folders, prefix),
    copy: async (from, to, copyOptions = {}) => {
      checkKey(to);
      return on(from, () => copy(folders, from, to, withSync(copyOptions)));
    },
    delete: async (key, options = {}) => on(key, () => remove(folders, key, options.ifMatch)),
    materialize: async (key, path, how) => on(key, () => materialize(folders, key, path, how?.link ?? true)),
    putFile: async (key, path, putOptions = {}) => on(key, () => putFile(folders, key, path, withSync(putOptions))),
    ping: () => guarded(folders, '', () => ping(folders)),
  };
}

type Durable<Options> = Options & { fsync: boolean };

async function put(
  folders: StoreFolders,
  key: string,
  body: Buffer | string | Readable,
  options: Durable<PutOptions>,
): Promise<ObjectInfo> {
  // Tells before the body is read; `commit` decides.
  checkConditions(folders, key, options);
  const temporary = await writeTemporary(folders, key, body, options);
  return commit(folders, key, temporary, options);
}

async function putFile(
  folders: StoreFolders,
  key: string,
  path: string,
  options: Durable<PutOptions & { move?: boolean }>,
): Promise<ObjectInfo> {
  checkConditions(folders, key, options);
  const temporary = await takeFile(folders, key, path, options);
  return commit(folders, key, temporary, options);
}

async function get(folders: StoreFolders, key: string, range: ByteRange | undefined): Promise<{ info: ObjectInfo; body: Readable }> {
  const handle = await open(pathOf(folders, key), 'r');
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) throw new ObjectNotFound(key);
    const info = withType(folders, infoOf(key, stats));
    if (range && range.start >= info.size) throw new RangeNotSatisfiable(key, info.size);
    const body = handle.createReadStream(
      range ? { start: range.start, end: Math.min(range.end ?? Infinity, info.size - 1) } : { start: 0 },
    );
    return { info, body };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Bytes that are read at once, as they are written. */
const small = 256 * 1024;

async function getBytes(folders: StoreFolders, key: string, maxBytes: number): Promise<Buffer> {
  const path = pathOf(folders, key);
  const file = openSync(path, 'r');
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new ObjectNotFound(key);
    if (stats.size > maxBytes) throw new ObjectTooLarge(key, maxBytes);
    if (stats.size <= small) return readFileSync(file);
  } finally {
    closeSync(file);
  }
  // An object is never changed in place: by its name the same one is read, or one that has replaced it.
  const bytes = await readFile(path);
  if (bytes.length > maxBytes) throw new ObjectTooLarge(key, maxBytes);
  return bytes;
}

async function head(folders: StoreFolders, key: string): Promise<ObjectInfo | undefined> {
  const info = lookUp(folders, key);
  if (info) return withType(folders, info);
  if (isThere(folders.marker)) return undefined;
  throw explain(folders, key, Object.assign(new Error('no such file'), { code: 'ENOENT' }));
}

async function* list(folders: StoreFolders, prefix: string): AsyncIterable<ObjectInfo> {
  checkPrefix(prefix);
  try {
    await stat(folders.marker);
    yield* listKeys(folders, prefix);
  } catch (error) {
    throw explain(folders, prefix, error);
  }
}

async function copy(folders: StoreFolders, from: string, to: string, options: Durable<PutOptions>): Promise<ObjectInfo> {
  const source = lookUp(folders, from);
  if (!source) throw explain(folders, from, Object.assign(new Error('no such file'), { code: 'ENOENT' }));
  const temporary = temporaryPath(folders);
  await linkOrCopy(pathOf(folders, from), temporary, linkSync);
  // A type that was given goes along; else the new name tells it.
  const contentType = keptType(folders, source);
  return withType(folders, await commit(folders, to, temporary, { ...options, ...(contentType ? { contentType } : {}) }));
}

async function materialize(folders: StoreFolders, key: string, path: string, mayLink: boolean): Promise<void> {
  if (!(await head(folders, key))) throw new ObjectNotFound(key);
  try {
    if (mayLink) await linkOrCopy(pathOf(folders, key), path, linkSync);
    else await copyFile(pathOf(folders, key), path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  } catch (error) {
    const code = errnoOf(error);
    // The object is there: what is missing or in the way is on the caller's side.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EEXIST')
      throw new Error(`cannot bring ${key} to ${path} (${code})`, { cause: error });
    throw error;
  }
}

async function ping(folders: StoreFolders): Promise<void> {
  await readFile(folders.marker);
  const path = temporaryPath(folders);
  await writeFile(path, 'ping');
  await unlink(path);
}
