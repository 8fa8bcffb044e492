import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const systemFolders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Absolute path of a program of the host, also where PATH lacks the sbin folders. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/')), ...systemFolders];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
