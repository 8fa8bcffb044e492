import { chmodSync, chownSync, closeSync, constants, fchownSync, lchownSync, lstatSync, openSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { SpawnRequest } from '../types.ts';

/** Makes the prepared folders of a step the tool's own. The attempt's folder stays ours, so that the tool cannot exchange what lies beside them. */
export function giveToUid(request: SpawnRequest, uid: number): void {
  for (const folder of request.writable) {
    chownSync(dirname(folder), 0, uid);
    chmodSync(dirname(folder), 0o710);
    chmodSync(folder, 0o700);
    lchownSync(folder, uid, uid);
    giveEntries(folder, uid);
  }
  for (const path of [request.stdout, request.stderr]) {
    if (path === undefined) continue;
    // Made here without following links: the shell, which opens it with our rights, then finds a plain file.
    const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o644);
    fchownSync(fd, uid, uid);
    closeSync(fd);
  }
}

/** Files with several names are inputs that were linked in: they keep their owner, which is what keeps the tool from changing them. */
function giveEntries(folder: string, uid: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile() && lstatSync(path).nlink > 1) continue;
    lchownSync(path, uid, uid);
    if (entry.isDirectory()) giveEntries(path, uid);
  }
}
