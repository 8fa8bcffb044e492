import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, isAlive, startTimeOf } from './processes.ts';

export type FolderLock = { readonly held: true; release(): void } | { readonly held: false; readonly pid: number };

/**
 * Takes a data folder for this process: two servers on one folder would ruin it. A lock whose process is gone, or whose pid now belongs to a
 * process that started at another time, is stale and taken over.
 */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const file = join(folder, 'up.lock');
  const mine = JSON.stringify({ pid: process.pid, started: startTimeOf(process.pid) });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      writeFileSync(file, mine, { flag: 'wx', mode: 0o644 });
      return { held: true, release: () => release(file, mine) };
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    const holder = readHolder(file);
    if (holder && isHolder(holder)) return { held: false, pid: holder.pid };
    rmSync(file, { force: true });
  }
  throw new Error(`${file} changes while it is being taken: another start is under way`);
}

interface Holder {
  readonly pid: number;
  readonly started: string | undefined;
}

function readHolder(file: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    const pid: unknown = Reflect.get(value, 'pid');
    const started: unknown = Reflect.get(value, 'started');
    return typeof pid === 'number' ? { pid, started: typeof started === 'string' ? started : undefined } : undefined;
  } catch {
    return undefined;
  }
}

function isHolder({ pid, started }: Holder): boolean {
  return isAlive(pid) && (started === undefined || started === startTimeOf(pid));
}

function release(file: string, mine: string): void {
  try {
    if (readFileSync(file, 'utf8') === mine) rmSync(file);
  } catch {
    // Somebody removed the folder: there is nothing left to release.
  }
}
