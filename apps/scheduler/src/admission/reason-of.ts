import type { ExecutorLoad, WaitingNode } from './admit.ts';
import { fitsAtAll } from './fits-at-all.ts';

/** One plain sentence why a node waits. */
export function reasonOf(node: WaitingNode, executors: readonly ExecutorLoad[]): string {
  if (executors.length === 0) return 'no executor is alive';
  const accepting = executors.filter((executor) => executor.accepting && executor.slots > 0);
  const cordon = executors.find((executor) => typeof executor.cordon === 'string')?.cordon;
  if (accepting.length === 0 && typeof cordon === 'string') return `no executor takes new steps: ${cordon}`;
  if (accepting.length === 0) return 'no executor takes new steps: all are draining or have no slots';
  const most = (of: (executor: ExecutorLoad) => number): number => Math.max(...accepting.map(of));
  const cores = most((executor) => executor.cores);
  const memory = most((executor) => executor.memoryMiB);
  if (node.cores > cores) return `needs ${node.cores} cores, the largest executor has ${cores}`;
  if (node.memoryMiB > memory) return `needs ${node.memoryMiB} MiB of memory, the largest executor has ${memory}`;
  if (!accepting.some((executor) => fitsAtAll(node, executor)))
    return `needs ${node.cores} cores and ${node.memoryMiB} MiB of memory, no executor has both`;
  return 'all slots are busy';
}
