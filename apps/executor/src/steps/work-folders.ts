import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { readdir, rm, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Spare folders kept, of all workspaces together. */
const most = 64;
/** What an attempt's folder holds from the beginning. */
const ownFolders = ['out', 'tmp'];

/** The folders in which attempts work. */
export interface WorkFolders {
  /** Makes an empty folder (`out` and `tmp` may stand in it, empty) at the path. */
  take(workspace: string, path: string): Promise<void>;
  /** The attempt is over: nothing is left at the path. */
  giveBack(workspace: string, path: string): void;
}

export interface WorkFolderOptions {
  /** Folder of ours for spare ones, on the file system of the attempts. */
  spares: string;
  /** Folders that attempts leave empty are used again, inside their workspace; only where no process of a tool can still be in them. */
  reuse: boolean;
  onFault: (text: string) => void;
}

/**
 * Making and removing three folders takes longer than a short tool, on some file systems much longer (ext4 with `discard` waits for the disk, ext4
 * without a journal looks for a number that was not in use lately).
 */
export function createWorkFolders({ spares, reuse, onFault }: WorkFolderOptions): WorkFolders {
  mkdirSync(spares, { recursive: true, mode: 0o700 });
  const kept: { workspace: string; path: string }[] = [];
  let count = 0;

  const keep = (path: string): string | undefined => {
    try {
      if (!isEmptied(path)) return undefined;
      count += 1;
      const spare = join(spares, String(count));
      renameSync(path, spare);
      return spare;
    } catch {
      return undefined;
    }
  };
  // Nobody waits for it; what a crash leaves is removed at the next start.
  const remove = (path: string): void =>
    void removeFolder(path).catch((error: unknown) => onFault(`${path} cannot be removed: ${String(error)}`));
  return {
    async take(workspace, path) {
      if (existsSync(path)) await rm(path, { recursive: true });
      const at = kept.findLastIndex((spare) => spare.workspace === workspace);
      const [spare] = at < 0 ? [] : kept.splice(at, 1);
      if (spare) renameSync(spare.path, path);
      else mkdirSync(path, { mode: 0o711 });
    },
    giveBack(workspace, path) {
      const spare = reuse ? keep(path) : undefined;
      if (spare === undefined) return remove(path);
      kept.push({ workspace, path: spare });
      const oldest = kept.length > most ? kept.shift() : undefined;
      if (oldest) remove(oldest.path);
    },
  };
}

/** Whether nothing is left but the empty folders it had from the beginning; they are then as they were. */
function isEmptied(path: string): boolean {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    if (!entry.isDirectory() || !ownFolders.includes(entry.name) || readdirSync(inner).length > 0) return false;
    chmodSync(inner, 0o755);
  }
  return true;
}

/** As a rule nothing but empty folders and a log is left, which need no walk. */
async function removeFolder(directory: string): Promise<void> {
  try {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      await (entry.isDirectory() ? rmdir(path) : unlink(path));
    }
    await rmdir(directory);
  } catch {
    await rm(directory, { recursive: true, force: true });
  }
}
