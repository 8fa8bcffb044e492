import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openObjectStore } from '@runnel/objects';
import { exportDatabase, openDatabase, withoutGarbageCollection } from '@runnel/postgres';
import { CliError } from '../client/cli-error.ts';
import { backUpObjects } from './back-up-objects.ts';
import { layout, namedList, objectList, tableFile, writeManifest, type Manifest, type Part } from './manifest.ts';
import { writePart } from './parts.ts';
import { syncFolders } from './sync-folders.ts';

export interface BackupOptions {
  postgres: string;
  objects: string;
  to: string;
  /** Whether the bytes of the objects go along; default: where the store is a folder. */
  content?: boolean | undefined;
  release: string;
}

/** Writes a backup into a new folder while runs go on. A fault leaves nothing behind that could be taken for one. */
export async function takeBackup(options: BackupOptions): Promise<Manifest> {
  const folder = resolve(options.to);
  await makeFolder(folder, options.objects);
  try {
    // What the rows name must not be collected between the two looks.
    const manifest = await withDatabase(options.postgres, (database) => withoutGarbageCollection(database, () => copyAll(options, folder)));
    if (!manifest) throw new CliError('a garbage collection is under way', 'Try again when it is over.');
    await syncFolders(folder, ...(await subfolders(folder)));
    await writeManifest(folder, manifest);
    return manifest;
  } catch (error) {
    for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
    throw isFull(error)
      ? new CliError(`there is no space left for ${folder}; nothing was kept there`, 'Name another place with --to.')
      : error;
  }
}

async function withDatabase<T>(url: string, work: (database: Awaited<ReturnType<typeof openDatabase>>) => Promise<T>): Promise<T> {
  const database = await openDatabase({ url, name: 'runnel-backup', poolSize: 1 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

async function copyAll(
  { postgres, objects, content = objects.startsWith('file:'), release }: BackupOptions,
  folder: string,
): Promise<Manifest> {
  const takenAt = new Date().toISOString();
  const files: Record<string, Part> = {};
  const database = await exportDatabase(postgres, async (name, rows) => {
    const path = name === 'named' ? namedList : tableFile(name);
    files[path] = await writePart(folder, path, rows, true);
  });
  const found = await backUpObjects(await openObjectStore(objects), folder, content);
  files[objectList] = found.list;
  return {
    format: 'runnel-backup',
    version: layout,
    release,
    takenAt,
    database,
    objects: { store: objects, content, ...found.objects },
    files,
  };
}

async function makeFolder(folder: string, objects: string): Promise<void> {
  if (objects.startsWith('file:') && `${folder}/`.startsWith(fileURLToPath(objects)))
    throw new CliError(`${folder} lies in the object store`, 'Name a folder outside of it with --to.');
  if (existsSync(folder) && (await readdir(folder)).length > 0)
    throw new CliError(`${folder} is not empty`, 'A backup goes into a folder of its own: name a new one with --to.');
  await mkdir(folder, { recursive: true, mode: 0o700 });
}

const subfolders = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { withFileTypes: true })).flatMap((entry) => (entry.isDirectory() ? [join(folder, entry.name)] : []));

const isFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
