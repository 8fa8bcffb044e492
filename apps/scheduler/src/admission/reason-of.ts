import { fitsAtAll } from './rooms.ts';
import type { ExecutorLoad } from './rooms.ts';
import type { Need } from './waiting-nodes.ts';

/** One plain sentence why a node with such elements waits. */
export function reasonOf(need: Need, executors: readonly ExecutorLoad[]): string {
  if (executors.length === 0) return 'no executor is alive';
  const accepting = executors.filter((executor) => executor.accepting && executor.slots > 0);
  const cordon = executors.find((executor) => typeof executor.cordon === 'string')?.cordon;
  if (accepting.length === 0 && typeof cordon === 'string') return `no executor takes new steps: ${cordon}`;
  if (accepting.length === 0) return 'no executor takes new steps: all are draining or have no slots';
  const most = (of: (executor: ExecutorLoad) => number): number => Math.max(...accepting.map(of));
  const cores = most((executor) => executor.cores);
  const memory = most((executor) => executor.memoryMiB);
  if (need.cores > cores) return `needs ${need.cores} cores, the largest executor has ${cores}`;
  if (need.memoryMiB > memory) return `needs ${need.memoryMiB} MiB of memory, the largest executor has ${memory}`;
  if (!accepting.some((executor) => fitsAtAll(need, executor)))
    return `needs ${need.cores} cores and ${need.memoryMiB} MiB of memory, no executor has both`;
  return 'all slots are busy';
}
