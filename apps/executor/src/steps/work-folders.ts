import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Spare folders kept, of all workspaces together. */
const most = 64;
/** What an attempt's folder holds from the beginning. */
const ownFolders = ['out', 'tmp'];
/** Files left in them up to which they are emptied rather than removed. */
const fewFiles = 16;

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

  const keep = (workspace: string, path: string): void => {
    count += 1;
    const spare = join(spares, String(count));
    renameSync(path, spare);
    kept.push({ workspace, path: spare });
  };
  const clear = async (workspace: string, path: string): Promise<void> => {
    if (reuse && (await isEmptied(path))) keep(workspace, path);
    else await rm(path, { recursive: true, force: true });
    const oldest = kept.length > most ? kept.shift() : undefined;
    if (oldest) await rm(oldest.path, { recursive: true });
  };
  return {
    async take(workspace, path) {
      if (existsSync(path)) await rm(path, { recursive: true });
      const at = kept.findLastIndex((spare) => spare.workspace === workspace);
      const [spare] = at < 0 ? [] : kept.splice(at, 1);
      if (spare) renameSync(spare.path, path);
      else mkdirSync(path, { mode: 0o711 });
    },
    giveBack(workspace, path) {
      // Nobody waits for it; what a crash leaves is removed at the next start.
      clear(workspace, path).catch((error: unknown) => onFault(`${path} cannot be removed: ${String(error)}`));
    },
  };
}

/** Removes the few files that most attempts leave, and says whether nothing is left but the folders it had from the beginning, as they were. */
async function isEmptied(path: string): Promise<boolean> {
  const inside = existsSync(path) ? readdirSync(path, { withFileTypes: true }) : [];
  const folders = inside.filter((entry) => entry.isDirectory());
  if (inside.length === 0 || folders.some(({ name }) => !ownFolders.includes(name))) return false;
  const within = folders.flatMap(({ name }) => readdirSync(join(path, name), { withFileTypes: true }));
  if (within.length > fewFiles || within.some((entry) => entry.isDirectory())) return false;
  // Not at once: freeing blocks may wait for the disk.
  for (const entry of [...inside, ...within]) if (!entry.isDirectory()) await unlink(join(entry.parentPath, entry.name));
  for (const { name } of folders) chmodSync(join(path, name), 0o755);
  return true;
}
