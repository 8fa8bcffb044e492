import type { ExecutorLoad, WaitingNode } from './admit.ts';

/** Whether the executor could run the element at all. */
export const fitsAtAll = (node: WaitingNode, executor: ExecutorLoad): boolean =>
  executor.slots > 0 && node.cores <= executor.cores && node.memoryMiB <= executor.memoryMiB;
