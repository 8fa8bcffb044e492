import { hash, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Where things stand in a directory store: objects at their keys, our own files in folders whose names no key can have. */
export interface StoreFolders {
  uri: string;
  root: string;
  marker: string;
  temporary: string;
  locks: string;
  types: string;
}

export function foldersOf(root: string): StoreFolders {
  return {
    uri: pathToFileURL(join(root, '/')).href,
    root,
    marker: join(root, '.runnel-store'),
    temporary: join(root, '.tmp'),
    locks: join(root, '.locks'),
    types: join(root, '.types'),
  };
}

export async function createFolders(folders: StoreFolders): Promise<void> {
  for (const folder of [folders.root, folders.temporary, folders.locks, folders.types])
    await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(folders.marker, 'An object store of Runnel: change nothing here by hand.\n');
}

export function pathOf(folders: StoreFolders, key: string): string {
  return join(folders.root, key);
}

/** A fresh name on the file system of the objects, so that it can be renamed to its place. */
export function temporaryPath(folders: StoreFolders): string {
  return join(folders.temporary, randomUUID());
}

/** One flat name per key: a key may lie under another that was deleted before. */
export function nameOf(key: string): string {
  return hash('sha256', key);
}
