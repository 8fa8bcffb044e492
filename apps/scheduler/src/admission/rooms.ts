import type { Need } from './waiting-nodes.ts';

/** An executor that lives, and what was handed to it and has not ended. */
export interface ExecutorLoad {
  id: string;
  /** False while it drains, or is told to take nothing new. */
  accepting: boolean;
  /** Why it is told so. */
  cordon?: string | null;
  /** Elements it may hold at once: those that run and a short queue that hides the way of the next one. */
  capacity: number;
  slots: number;
  /** In all. */
  cores: number;
  memoryMiB: number;
  held: { steps: number; cores: number; memoryMiB: number };
}

export const hasRoom = ({ held, capacity }: ExecutorLoad): boolean => held.steps < capacity;

/** Cores and memory are over-committed like slots: what is queued at an executor does not use them yet. */
export function fitsNow(need: Need, executor: ExecutorLoad): boolean {
  const times = Math.max(1, executor.capacity / executor.slots);
  return (
    fitsAtAll(need, executor) &&
    hasRoom(executor) &&
    executor.held.cores + need.cores <= executor.cores * times &&
    executor.held.memoryMiB + need.memoryMiB <= executor.memoryMiB * times
  );
}

/** Whether the executor could run the element at all. */
export const fitsAtAll = (need: Need, executor: ExecutorLoad): boolean =>
  executor.slots > 0 && need.cores <= executor.cores && need.memoryMiB <= executor.memoryMiB;

export function emptiest(places: readonly ExecutorLoad[]): ExecutorLoad | undefined {
  return places.reduce<ExecutorLoad | undefined>(
    (best, place) => (!best || place.held.steps / place.capacity < best.held.steps / best.capacity ? place : best),
    undefined,
  );
}
