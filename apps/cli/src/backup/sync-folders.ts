import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Resolves when the names that stand in the folders are on the disk. */
export async function syncFolders(...folders: string[]): Promise<void> {
  for (const folder of folders) {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  }
}

/** Resolves when all that was written to the folder's file system is on the disk: for very many files, one by one would take minutes. */
export async function syncAll(folder: string): Promise<void> {
  await promisify(execFile)('sync', ['-f', folder]);
}
