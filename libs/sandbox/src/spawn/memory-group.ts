import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where this process may make control groups for memory. */
export interface MemoryGroups {
  version: 1 | 2;
  folder: string;
}

export interface MemoryGroup {
  /** File into which a process writes `0` to join. */
  procs: string;
  peakBytes(): number;
  /** True when the kernel killed something for want of memory. */
  wasExceeded(): boolean;
  /**
   * Makes it ready for another tool, which costs a fraction of making a new one. False where the tool before would count: another limit, page cache
   * that it left, a kernel whose figures cannot be set back.
   */
  reuse(limitBytes: number): boolean;
  /** False while processes are still in it. */
  remove(): boolean;
}

const names = {
  1: {
    limit: 'memory.limit_in_bytes',
    swap: 'memory.memsw.limit_in_bytes',
    peak: 'memory.max_usage_in_bytes',
    events: 'memory.oom_control',
  },
  2: { limit: 'memory.max', swap: 'memory.swap.max', peak: 'memory.peak', events: 'memory.events' },
} as const;

/** The memory controller's folder for this process, where it may make groups below it (cgroup v1, or a delegated v2). */
export function findMemoryGroups(membership = readText('/proc/self/cgroup')): MemoryGroups | undefined {
  for (const line of membership.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    if (controllers?.split(',').includes('memory')) {
      const folder = [join('/sys/fs/cgroup/memory', path), '/sys/fs/cgroup/memory'].find(isWritableGroup);
      if (folder !== undefined) return { version: 1, folder };
    }
    if (controllers === '' && readText(join('/sys/fs/cgroup', path, 'cgroup.subtree_control')).includes('memory')) {
      const folder = join('/sys/fs/cgroup', path);
      if (isWritableGroup(folder)) return { version: 2, folder };
    }
  }
  return undefined;
}

function isWritableGroup(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return existsSync(join(folder, 'cgroup.procs'));
  } catch {
    return false;
  }
}

/** What the names of our groups begin with; the number of our process follows. */
const prefix = 'runnel-';
/** Bytes that may be left in a group that is used again. */
const remainder = 1024 * 1024;
let made = 0;

export function makeMemoryGroup(groups: MemoryGroups, limitBytes: number): MemoryGroup {
  made += 1;
  const folder = join(groups.folder, `${prefix}${process.pid}-${made}`);
  const files = names[groups.version];
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, files.limit), String(limitBytes));
  // v1 counts memory and swap together, v2 swap alone.
  if (existsSync(join(folder, files.swap))) writeFileSync(join(folder, files.swap), groups.version === 1 ? String(limitBytes) : '0');
  const peakBytes = (): number => Number(readText(join(folder, files.peak)).trim()) || 0;
  const kills = (): number => Number(/^oom_kill (\d+)$/m.exec(readText(join(folder, files.events)))?.[1] ?? 0);
  let killsBefore = 0;
  return {
    procs: join(folder, 'cgroup.procs'),
    peakBytes,
    wasExceeded: () => kills() > killsBefore,
    reuse(nextLimit) {
      if (groups.version !== 1 || nextLimit !== limitBytes) return false;
      killsBefore = kills();
      writeFileSync(join(folder, files.peak), '0');
      return peakBytes() < remainder;
    },
    remove() {
      try {
        rmdirSync(folder);
        return true;
      } catch {
        return !existsSync(folder);
      }
    },
  };
}

/** Removes the empty groups of programs that were killed. */
export function sweepMemoryGroups(groups: MemoryGroups): void {
  for (const name of readdirSync(groups.folder)) {
    if (!name.startsWith(prefix) || existsSync(`/proc/${name.slice(prefix.length).split('-')[0]}`)) continue;
    try {
      rmdirSync(join(groups.folder, name));
    } catch {
      // Removed by another one, or not empty yet.
    }
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
