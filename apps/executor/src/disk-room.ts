import { statfs } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Logger } from '@runnel/service';

/** A file system, as `df` counts it. */
export interface Volume {
  blocks: number;
  bfree: number;
  /** For users without privileges. */
  bavail: number;
  files: number;
  ffree: number;
}

/** Per cent of its bytes, or of its files where those are scarcer, that are taken. */
export function takenPercent({ blocks, bfree, bavail, files, ffree }: Volume): number {
  const used = blocks - bfree;
  const bytes = used + bavail === 0 ? 0 : (100 * used) / (used + bavail);
  return Math.max(bytes, files === 0 ? 0 : (100 * (files - ffree)) / files);
}

/** So many points below the limit there is room again: a file more or less must not switch it on and off. */
const slack = 1;
/** Milliseconds between looks. */
const every = 2000;

export interface DiskRoom {
  /** Why nothing new may begin here; undefined: there is room. */
  full(): string | undefined;
  /** Per cent taken, by what the folder is for. */
  taken(): ReadonlyMap<string, number>;
  close(): void;
}

interface DiskRoomOptions {
  /** Folders by what they are for. */
  folders: ReadonlyMap<string, string>;
  /** Per cent; 100: never full. */
  limit: number;
  logger: Logger;
  /** It is full now, or has room again. */
  onChanged: () => void;
}

/** Folders whose disks an executor fills: where attempts work, and the object store where that is a folder. */
export function filledFolders(workDir: string, objects: string): Map<string, string> {
  const folders = new Map([['work', workDir]]);
  if (objects.startsWith('file:')) folders.set('objects', fileURLToPath(objects));
  return folders;
}

/** Watches the disks: admission stops before they are full, and goes on when there is room (a step that meets a full disk fails). */
export async function watchDiskRoom({ folders, limit, logger, onChanged }: DiskRoomOptions): Promise<DiskRoom> {
  const taken = new Map<string, number>();
  let full: string | undefined;
  const look = async (): Promise<void> => {
    for (const [what, folder] of folders) taken.set(what, takenPercent(await statfs(folder)));
    const before = full;
    full = fullReason(taken, limit, before !== undefined);
    if (full === before) return;
    if ((full === undefined) !== (before === undefined)) logger.warn({ limit }, full ?? 'there is room on the disk again');
    onChanged();
  };
  // A folder that cannot be looked at says nothing about its room; steps that need it fail with the store's own words.
  const failed = (error: unknown): void => logger.warn({ error }, 'the room on the disk is not known');
  await look().catch(failed);
  const timer = setInterval(() => void look().catch(failed), every);
  return { full: () => full, taken: () => taken, close: () => clearInterval(timer) };
}

/** Says it for the fullest folder; `wasFull`: until it is some points below the limit. */
export function fullReason(taken: ReadonlyMap<string, number>, limit: number, wasFull: boolean): string | undefined {
  const [fullest] = [...taken].sort(([, a], [, b]) => b - a);
  if (!fullest || limit >= 100 || fullest[1] < (wasFull ? limit - slack : limit)) return undefined;
  const [what, percent] = fullest;
  return `the disk of the ${what === 'work' ? 'work folder' : 'object store'} is ${Math.floor(percent)} % full, the limit is ${limit} %`;
}
