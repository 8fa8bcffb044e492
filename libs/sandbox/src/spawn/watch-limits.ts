import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { SpawnRequest } from '../types.ts';
import { residentBytes } from './process-tree.ts';

export type Limit = 'time' | 'memory' | 'output';

const POLL_MS = 250;
/** Walking a large output folder may take long: the next look waits this many times as long. */
const WALK_PAUSE_FACTOR = 10;
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Looks after a running tool until `stop`; calls `exceeded` at most once. */
export interface Watch {
  /** Highest resident memory seen of the whole tree; 0 before the first look. */
  peakBytes(): number;
  stop(): void;
}

export function watchLimits(
  request: SpawnRequest,
  options: { toolProcesses: () => number[]; pollMemory: boolean; exceeded: (limit: Limit) => void },
): Watch {
  let peak = 0;
  let stopped = false;
  const timers: NodeJS.Timeout[] = [];
  const stop = (): void => {
    stopped = true;
    for (const timer of timers) clearInterval(timer);
  };
  const exceed = (limit: Limit): void => {
    if (stopped) return;
    stop();
    options.exceeded(limit);
  };
  if (request.timeLimit !== undefined) timers.push(setTimeout(() => exceed('time'), Math.min(request.timeLimit * 1000, MAX_TIMER_MS)));
  if (options.pollMemory) {
    const limit = request.memoryLimitMiB === undefined ? Infinity : request.memoryLimitMiB * 1024 * 1024;
    timers.push(
      setInterval(() => {
        const now = residentBytes(options.toolProcesses());
        peak = Math.max(peak, now);
        if (now > limit) exceed('memory');
      }, POLL_MS),
    );
  }
  if (request.outputLimitBytes !== undefined) void watchOutput(request.writable, request.outputLimitBytes, () => stopped, exceed);
  return { peakBytes: () => peak, stop };
}

async function watchOutput(folders: string[], limit: number, isStopped: () => boolean, exceed: (limit: Limit) => void): Promise<void> {
  let pause = POLL_MS;
  for (;;) {
    await delay(pause, undefined, { ref: false });
    if (isStopped()) return;
    const begun = performance.now();
    if ((await writtenBytes(folders, limit)) > limit) return exceed('output');
    pause = Math.max(POLL_MS, (performance.now() - begun) * WALK_PAUSE_FACTOR);
  }
}

/** Disk space in use below these folders (holes and further names of a file do not count), or as soon as it is more, a figure above `enough`. */
export async function writtenBytes(folders: string[], enough = Infinity): Promise<number> {
  let sum = 0;
  const queue = [...folders];
  for (let folder = queue.pop(); folder !== undefined && sum <= enough; folder = queue.pop()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isDirectory()) queue.push(path);
      else if (entry.isFile()) sum += await lstat(path).then(ownBytes, () => 0);
    }
  }
  return sum;
}

/** A file with several names is an input that was linked in. */
function ownBytes(stat: { blocks: number; nlink: number }): number {
  return stat.nlink > 1 ? 0 : stat.blocks * 512;
}
