import { mostHeld } from '@runnel/contracts';
import type { ExecutorLoad } from './rooms.ts';
import type { SuppliedExecutor } from './read-demand.ts';

/** What an executor did with what it was given. */
export interface QueueUse {
  slots: number;
  /** Elements handed to it that have not ended. */
  held: number;
  /** Milliseconds for which the oldest of them has waited for its slot; undefined: none waits. */
  waited: number | undefined;
}

/** An element that waits longer at its executor shows that the queue is too long: another workspace's next one would wait behind it. */
const slow = 1000;
/** As long as they wait less than this, a longer queue does no harm. */
const quick = 500;

const shortest = (slots: number): number => slots + 1;

/**
 * How many elements an executor may hold at once: its slots and a queue that hides the way of the next request. Steps of a second need no queue,
 * steps of ten milliseconds a long one, and nobody knows beforehand: the depth grows while the queue moves quickly and shrinks when it does not.
 * `depth`: the present one; undefined for an executor that is new.
 */
export function queueDepth(depth: number | undefined, { slots, held, waited }: QueueUse): number {
  if (slots === 0) return 0;
  const present = depth ?? 2 * slots;
  if (waited !== undefined && waited > slow) return Math.max(shortest(slots), Math.floor(present / 2));
  const isUsed = held >= present / 2;
  return isUsed && (waited ?? 0) < quick ? Math.min(mostHeld(slots), present + slots) : Math.max(present, shortest(slots));
}

/** Keeps the depth of each executor from one admission to the next. A cluster queues by itself: its slots are its depth. */
export function createQueueDepths(): (executors: readonly SuppliedExecutor[]) => ExecutorLoad[] {
  let depths = new Map<string, number>();
  return (executors) => {
    const before = depths;
    depths = new Map(
      executors.map(({ id, backend, slots, held, waited }) => [
        id,
        backend === 'process' ? queueDepth(before.get(id), { slots, held: held.steps, waited }) : slots,
      ]),
    );
    return executors.map((executor) => ({ ...executor, capacity: depths.get(executor.id) ?? executor.slots }));
  };
}
