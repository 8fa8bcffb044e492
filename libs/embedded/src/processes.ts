import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there but not ours.
    return codeOf(error) === 'EPERM';
  }
}

/** When a process started, in clock ticks since boot: with the pid it names a process for ever. Undefined where it is gone or /proc is missing. */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name may hold spaces and brackets; field 22 counts from the end of it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** Working directory of a process, undefined where it cannot be read. */
export function directoryOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** Processes of a program that work in a folder; none where /proc is missing. */
export function processesIn(folder: string, program: string): number[] {
  const all = existsSync('/proc') ? readdirSync('/proc').map(Number) : [];
  return all.filter((pid) => pid > 0 && directoryOf(pid) === folder && programOf(pid) === program);
}

/** Name of the file that a process runs, undefined where it cannot be read. */
function programOf(pid: number): string | undefined {
  try {
    // A newer release may have taken its place.
    return basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '');
  } catch {
    return undefined;
  }
}

/** Sends the signals in turn, each with some time (ms), until the process is gone; false where it is still there. */
export async function endProcess(pid: number, signals: readonly NodeJS.Signals[], patience: number): Promise<boolean> {
  for (const signal of signals) {
    if (!isAlive(pid)) return true;
    process.kill(pid, signal);
    for (let waited = 0; waited < patience && isAlive(pid); waited += 50) await sleep(50);
  }
  return !isAlive(pid);
}

/** Errno name of an error of Node: `ENOENT`. */
export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? (Reflect.get(error, 'code') as unknown) : undefined;
}
