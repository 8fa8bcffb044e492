import { exceeded } from './quotas.ts';
import { reasonOf } from './reason-of.ts';
import type { ExecutorLoad } from './rooms.ts';
import type { Order } from './turns.ts';
import type { Lot, NodeKey, WaitingNode, WaitingNodes } from './waiting-nodes.ts';

/** Why what is left of a node waits. */
export interface Told {
  readonly waiting: WaitingNode;
  readonly reason: string;
}

/** Reasons told in one round: a row each. When all executors drain, a hundred thousand nodes wait for another reason; admission goes on meanwhile. */
const mostAtOnce = 250;

/** Why the nodes of these lots wait, where that is not what was told last. */
export function reasonsToTell(
  lots: readonly Lot[],
  waiting: WaitingNodes,
  executors: readonly ExecutorLoad[],
  { order, starving }: { order: Order; starving: ReadonlyMap<string, NodeKey> },
  most = mostAtOnce,
): { reasons: Told[]; moreToTell: boolean } {
  const ofExecutors = new Map<string, string>();
  const busy = (lot: Lot): string => {
    const need = `${lot.cores} ${lot.memoryMiB}`;
    const reason = ofExecutors.get(need) ?? reasonOf(lot, executors);
    ofExecutors.set(need, reason);
    return reason;
  };
  const reasons: Told[] = [];
  for (const lot of lots) {
    const over = exceeded(lot, order.share(lot.workspace));
    const first = over === undefined ? starving.get(lot.workspace) : undefined;
    const reason = over ?? (first === undefined ? busy(lot) : 'the quota of the workspace is kept free for a step that has waited longer');
    if (reason !== lot.reason) for (const node of lot.nodes) lot.untold.add(node);
    lot.reason = reason;
    const holder = first === undefined ? undefined : waiting.find(first);
    // It stays among them: when another one is the first, this one waits for what all others wait for.
    if (holder?.lot === lot) lot.untold.add(holder);
    for (const node of lot.untold) {
      const own = node === holder ? busy(lot) : reason;
      if (node.told === own && node !== holder) lot.untold.delete(node);
      else if (node.told !== own && node.left > 0) reasons.push({ waiting: node, reason: own });
      if (reasons.length > most) return { reasons: reasons.slice(0, most), moreToTell: true };
    }
  }
  return { reasons, moreToTell: false };
}
