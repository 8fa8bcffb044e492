import type { Need } from './waiting-nodes.ts';

/** What a workspace may have under way at once; absent: no limit. */
export interface Quota {
  steps?: number;
  cores?: number;
  memoryMiB?: number;
}

/** A workspace's part of the machine, and what of it is under way: granted, requested, running or not yet gone. */
export interface Share {
  /** Places it gets beside one of weight 1. */
  weight: number;
  /** Whose steps go first, whatever the weights. */
  priority: number;
  quota: Quota;
  /** Why nothing new begins there: it is suspended, its budget is used up. */
  hold?: string;
  held: { steps: number; cores: number; memoryMiB: number };
}

/** Why the workspace could not even run the element alone; undefined: it could. */
export function neverFits({ cores, memoryMiB }: Need, { quota }: Share): string | undefined {
  if (quota.cores !== undefined && cores > quota.cores) return `needs ${cores} cores, the quota of its workspace is ${quota.cores}`;
  if (quota.memoryMiB !== undefined && memoryMiB > quota.memoryMiB)
    return `needs ${memoryMiB} MiB of memory, the quota of its workspace is ${quota.memoryMiB}`;
  return undefined;
}

/** What keeps one more such element from beginning now. */
type Limit = 'hold' | 'steps' | 'cores' | 'memoryMiB';

/** Whether one more such element would exceed a quota now, or something else holds it: asked of each lot for each place that is given. */
export const isExceeded = (need: Need, share: Share): boolean => limitOf(need, share) !== undefined;

/** The sentence that says which quota one more such element would exceed now, or what else holds it; undefined: nothing. */
export function exceeded(need: Need, share: Share): string | undefined {
  const limit = limitOf(need, share);
  return limit === undefined ? undefined : sentenceOf(limit, need, share);
}

function limitOf({ cores, memoryMiB }: Need, { quota, held, hold }: Share): Limit | undefined {
  if (hold !== undefined) return 'hold';
  if (quota.steps !== undefined && held.steps + 1 > quota.steps) return 'steps';
  if (quota.cores !== undefined && held.cores + cores > quota.cores) return 'cores';
  if (quota.memoryMiB !== undefined && held.memoryMiB + memoryMiB > quota.memoryMiB) return 'memoryMiB';
  return undefined;
}

function sentenceOf(limit: Limit, { cores, memoryMiB }: Need, { quota, held, hold = '' }: Share): string {
  switch (limit) {
    case 'hold':
      return hold;
    case 'steps':
      return `the workspace has ${held.steps} steps under way, its quota is ${quota.steps}`;
    case 'cores':
      return `needs ${cores} cores, the workspace has ${held.cores} of its quota of ${quota.cores} under way`;
    case 'memoryMiB':
      return `needs ${memoryMiB} MiB of memory, the workspace has ${held.memoryMiB} of its quota of ${quota.memoryMiB} under way`;
  }
}
