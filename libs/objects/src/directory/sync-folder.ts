import { closeSync, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';

const toDisk = promisify(fsync);

/** The last sync of a folder that was asked for, and the one that has not begun yet. */
interface Syncs {
  last: Promise<void>;
  next: Promise<void> | undefined;
}

const syncing = new Map<string, Syncs>();

/** Resolves when the names that stand in the folder now are on the disk. Who comes while one sync is under way shares the next one. */
export function syncFolder(path: string): Promise<void> {
  const syncs = syncing.get(path);
  if (syncs?.next) return syncs.next;
  if (!syncs) {
    const last = sync(path);
    syncing.set(path, { last, next: undefined });
    return last.finally(() => end(path, last));
  }
  const next = syncs.last
    .catch(() => undefined)
    .then(() => {
      syncs.last = next;
      syncs.next = undefined;
      return sync(path);
    });
  syncs.next = next;
  return next.finally(() => end(path, next));
}

function end(path: string, ended: Promise<void>): void {
  const syncs = syncing.get(path);
  if (syncs?.last === ended && !syncs.next) syncing.delete(path);
}

async function sync(path: string): Promise<void> {
  const folder = openSync(path, 'r');
  try {
    await toDisk(folder);
  } finally {
    closeSync(folder);
  }
}
