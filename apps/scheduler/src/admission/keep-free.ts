import { isExceeded } from './quotas.ts';
import { emptiest, fitsAtAll, fitsNow, hasRoom } from './rooms.ts';
import type { ExecutorLoad } from './rooms.ts';
import type { Order } from './turns.ts';
import { isOlder } from './waiting-nodes.ts';
import type { Lot, Need, WaitingNode } from './waiting-nodes.ts';

/** Milliseconds after which an executor, or a quota, is kept free for a node that is too large for the gaps the others leave. */
const patience = 10_000;

export const hasWaitedLong = (node: WaitingNode, now: number): boolean => node.left > 0 && now - node.since > patience;

/**
 * Nodes that waited long and fit somewhere, but not now, by age: the emptiest such executor takes nothing else until they do. Returns those
 * executors.
 */
export function keepFree(lots: readonly Lot[], places: readonly ExecutorLoad[], order: Order, now: number): Set<string> {
  const reserved = new Set<string>();
  // Who waits for its quota needs no executor.
  const possible = lots.filter((lot) => !isExceeded(lot, order.share(lot.workspace)));
  let last: WaitingNode | undefined;
  for (;;) {
    const placeFor = placesByNeed(places.filter(({ id }) => !reserved.has(id)));
    let oldest: { node: WaitingNode; place: ExecutorLoad } | undefined;
    for (const lot of possible) {
      const place = placeFor(lot);
      // Nodes before the last one were looked at when there were more executors, and needed none.
      const node = place && lot.nodes.find((one) => hasWaitedLong(one, now) && (last === undefined || isOlder(last, one)));
      if (place && node && (oldest === undefined || isOlder(node, oldest.node))) oldest = { node, place };
    }
    if (oldest === undefined) return reserved;
    reserved.add(oldest.place.id);
    last = oldest.node;
  }
}

/** The executor to keep free for such a need; undefined: it fits now, will when a step ends, or fits nowhere. */
function placesByNeed(places: readonly ExecutorLoad[]): (need: Need) => ExecutorLoad | undefined {
  const found = new Map<string, ExecutorLoad | undefined>();
  return (need) => {
    const key = `${need.cores} ${need.memoryMiB}`;
    if (!found.has(key)) {
      const possible = places.filter((place) => fitsAtAll(need, place));
      found.set(key, possible.some((place) => fitsNow(need, place) || !hasRoom(place)) ? undefined : emptiest(possible));
    }
    return found.get(key);
  };
}
