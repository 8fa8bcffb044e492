import type { ClientBase } from 'pg';
import { admit } from './admit.ts';
import type { Admission, ExecutorLoad } from './admit.ts';
import { readDemand, readNodes, readSupply } from './read-demand.ts';
import type { Demand, DemandedNode, SuppliedExecutor, Supply } from './read-demand.ts';
import { standings } from './turns.ts';
import type { Turns } from './turns.ts';

/** What the admitter keeps from one round to the next. */
export interface RoundMemory {
  /** Who waited when it was last looked, and when that was (milliseconds since 1970). */
  demand: Demand;
  lookedAt: number;
  /** The workspace at which the look at the others stopped. */
  sweptTo: string;
}

export const noMemory = (): RoundMemory => ({ demand: { workspaces: [], shares: new Map() }, lookedAt: -Infinity, sweptTo: '' });

export interface RoundOptions {
  turns: Turns;
  /** Changed by the round. */
  memory: RoundMemory;
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

/** Workspaces that are looked at beside as many as there are free places. */
const spare = 4;
/** Milliseconds from one look at all who wait to the next. New ones are seen before that by their first node. */
export const demandAge = 250;
/** At each such look so many are read whose turn it is not, one after the other, so that the reasons of their nodes are told again within a while. */
const swept = 16;

/**
 * One round of admission. There may be thousands of workspaces and a handful of free places: only the nodes of those are read whose turn may come,
 * beside some that are new and some of the others. Where the turn comes to one that was not read, it is decided again with more: what is granted
 * is what would be granted if all were read.
 */
export async function decideRound(client: ClientBase, { turns, memory, withCapacities, now }: RoundOptions): Promise<Round> {
  const others = now - memory.lookedAt >= demandAge ? await lookAtAll(client, memory, now) : [];
  const supply = await readSupply(client);
  const executors = withCapacities(supply.executors);
  const shares = new Map([...memory.demand.shares].map(([name, share]) => [name, { ...share, held: supply.held.get(name) ?? share.held }]));
  const order = standings(new Set([...memory.demand.workspaces, ...supply.fresh]), turns, shares);
  const first = new Set([...order.slice(0, freePlaces(executors) + spare), ...supply.fresh, ...others]);
  let waiting = await readNodes(client, supply, [...first]);
  let left = order.filter((workspace) => !first.has(workspace));
  for (;;) {
    const admission = admit(waiting, executors, turns, now, shares, left);
    if (!admission.incomplete) return { admission, waiting, supply };
    const next = left.slice(0, Math.max(spare, order.length - left.length));
    waiting = [...waiting, ...(await readNodes(client, supply, next))];
    left = left.slice(next.length);
  }
}

/** Reads who waits; gives the next few of them, in the order of their names and round and round. */
async function lookAtAll(client: ClientBase, memory: RoundMemory, now: number): Promise<string[]> {
  memory.demand = await readDemand(client);
  memory.lookedAt = now;
  const { workspaces } = memory.demand;
  const next = [...workspaces.filter((name) => name > memory.sweptTo), ...workspaces.filter((name) => name <= memory.sweptTo)].slice(
    0,
    swept,
  );
  memory.sweptTo = next.at(-1) ?? '';
  return next;
}

const freePlaces = (executors: readonly ExecutorLoad[]): number =>
  executors.reduce((sum, { accepting, capacity, held }) => sum + (accepting ? Math.max(0, capacity - held.steps) : 0), 0);
