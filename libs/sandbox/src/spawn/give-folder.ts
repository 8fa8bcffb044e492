import { chmodSync, lchownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes a prepared folder the tool's own. Files with several names are inputs that were linked in: they keep their owner, which is what keeps
 * the tool from changing them.
 */
export function giveFolder(folder: string, uid: number): void {
  lchownSync(folder, uid, uid);
  chmodSync(folder, 0o700);
  giveEntries(folder, uid);
}

function giveEntries(folder: string, uid: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile() && lstatSync(path).nlink > 1) continue;
    lchownSync(path, uid, uid);
    if (entry.isDirectory()) giveEntries(path, uid);
  }
}
