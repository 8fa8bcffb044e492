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

/** Which quota one more such element would exceed now, or what else holds it; undefined: nothing. */
export function exceeded({ cores, memoryMiB }: Need, { quota, held, hold }: Share): string | undefined {
  if (hold !== undefined) return hold;
  if (quota.steps !== undefined && held.steps + 1 > quota.steps)
    return `the workspace has ${held.steps} steps under way, its quota is ${quota.steps}`;
  if (quota.cores !== undefined && held.cores + cores > quota.cores)
    return `needs ${cores} cores, the workspace has ${held.cores} of its quota of ${quota.cores} under way`;
  if (quota.memoryMiB !== undefined && held.memoryMiB + memoryMiB > quota.memoryMiB)
    return `needs ${memoryMiB} MiB of memory, the workspace has ${held.memoryMiB} of its quota of ${quota.memoryMiB} under way`;
  return undefined;
}
