import { hasWaitedLong } from './keep-free.ts';
import { isExceeded } from './quotas.ts';
import { fitsAtAll } from './rooms.ts';
import type { ExecutorLoad } from './rooms.ts';
import type { Order } from './turns.ts';
import { isOlder } from './waiting-nodes.ts';
import type { Lot, NodeKey, WaitingNode, WaitingNodes } from './waiting-nodes.ts';

/**
 * Of each workspace with a quota, the oldest node of a run that has nothing under way and finds no room: the quota is emptied for it, and it is the
 * first to be granted again, so that nothing smaller goes before it for ever.
 */
export function starvingOf({
  waiting,
  lots,
  places,
  order,
  active,
  before,
  now,
}: {
  waiting: WaitingNodes;
  lots: readonly Lot[];
  places: readonly ExecutorLoad[];
  order: Order;
  active: ReadonlyMap<string, number>;
  /** Those of the round before. */
  before: ReadonlyMap<string, NodeKey>;
  now: number;
}): Map<string, NodeKey> {
  const starving = new Map<string, WaitingNode>();
  for (const lot of lots) {
    const { workspace } = lot;
    const share = order.share(workspace);
    if (share.quota.cores === undefined && share.quota.memoryMiB === undefined) continue;
    if (!places.some((place) => fitsAtAll(lot, place))) continue;
    const chosen = before.get(workspace);
    const known = starving.get(workspace);
    if (chosen !== undefined && known?.key === chosen) continue;
    const node = chosen === undefined ? undefined : waiting.find(chosen);
    if (node?.lot === lot && hasWaitedLong(node, now)) starving.set(workspace, node);
    else if (isExceeded(lot, share)) {
      const hungry = lot.nodes.find((one) => hasWaitedLong(one, now) && (active.get(one.run) ?? 0) === 0);
      if (hungry && (known === undefined || isOlder(hungry, known))) starving.set(workspace, hungry);
    }
  }
  return new Map([...starving].map(([workspace, { key }]) => [workspace, key]));
}
