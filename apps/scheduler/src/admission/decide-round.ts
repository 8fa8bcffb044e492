import type { ClientBase } from 'pg';
import { admit } from './admit.ts';
import type { Admission, ExecutorLoad } from './admit.ts';
import { readNodes, readSupply } from './read-demand.ts';
import type { DemandedNode, SuppliedExecutor, Supply } from './read-demand.ts';
import { standings } from './turns.ts';
import type { Turns } from './turns.ts';

/** What the admitter keeps from one round to the next. */
export interface RoundOptions {
  turns: Turns;
  sweep: Sweep;
  withCapacities: (executors: readonly SuppliedExecutor[]) => ExecutorLoad[];
  /** Milliseconds since 1970. */
  now: number;
}

export interface Round {
  admission: Admission;
  /** The nodes that were looked at. */
  waiting: DemandedNode[];
  supply: Supply;
}

/** So many workspaces are looked at whose turn may come, at least. */
const fewest = 16;
/** And so many others, one after the other, so that each node's reason is told again within a while. */
const swept = 16;

/**
 * One round of admission. There may be thousands of workspaces and a handful of free places: only the nodes of those are read whose turn may come,
 * beside some that are new and some of the others. Where the turn comes to one that was not read, it is decided again with more: what is granted
 * is what would be granted if all were read.
 */
export async function decideRound(client: ClientBase, { turns, sweep, withCapacities, now }: RoundOptions): Promise<Round> {
  const supply = await readSupply(client);
  const executors = withCapacities(supply.executors);
  const order = standings(supply.workspaces, turns, supply.shares);
  const first = new Set([...order.slice(0, Math.max(fewest, 2 * freePlaces(executors))), ...supply.fresh, ...sweep(supply.workspaces)]);
  let waiting = await readNodes(client, supply, [...first]);
  let left = order.filter((workspace) => !first.has(workspace));
  for (;;) {
    const admission = admit(waiting, executors, turns, now, supply.shares, left);
    if (!admission.incomplete) return { admission, waiting, supply };
    const next = left.slice(0, Math.max(fewest, order.length - left.length));
    waiting = [...waiting, ...(await readNodes(client, supply, next))];
    left = left.slice(next.length);
  }
}

const freePlaces = (executors: readonly ExecutorLoad[]): number =>
  executors.reduce((sum, { accepting, capacity, held }) => sum + (accepting ? Math.max(0, capacity - held.steps) : 0), 0);

/** Gives the next few of the names, in their order and round and round. */
export type Sweep = (names: readonly string[]) => string[];

export function createSweep(atATime = swept): Sweep {
  let last = '';
  return (names) => {
    const sorted = [...names].sort();
    const behind = sorted.findIndex((name) => name > last);
    const start = Math.max(0, behind);
    const found = [...sorted.slice(start), ...sorted.slice(0, start)].slice(0, atATime);
    last = found.at(-1) ?? '';
    return found;
  };
}
