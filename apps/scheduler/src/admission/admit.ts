import { keepFree } from './keep-free.ts';
import { isExceeded, neverFits } from './quotas.ts';
import type { Share } from './quotas.ts';
import { emptiest, fitsNow, hasRoom } from './rooms.ts';
import type { ExecutorLoad } from './rooms.ts';
import { reasonsToTell } from './reasons-to-tell.ts';
import type { Told } from './reasons-to-tell.ts';
import { starvingOf } from './starving.ts';
import { takeTurns } from './turns.ts';
import type { Order, Turns } from './turns.ts';
import { isOlder } from './waiting-nodes.ts';
import type { Lot, NodeKey, WaitingNode, WaitingNodes } from './waiting-nodes.ts';

export interface Grant {
  run: string;
  node: string;
  workspace: string;
  executor: string;
  count: number;
  cores: number;
  memoryMiB: number;
}

export interface Admission {
  grants: Grant[];
  /** Nodes that the quota of their workspace can never hold, with the figures. */
  refusals: { run: string; node: string; workspace: string; reason: string }[];
  /** Some of the nodes that wait for another reason than was told last. */
  reasons: Told[];
  /** There are more such nodes. */
  moreToTell: boolean;
  turns: Turns;
}

/** What one admission knows of the machine and of those who share it. */
export interface Supply {
  executors: readonly ExecutorLoad[];
  /** Elements that are granted, requested or running, by run. */
  active: ReadonlyMap<string, number>;
  /** Of workspaces that are not like all others. */
  shares: ReadonlyMap<string, Share>;
}

/** The state of one round. */
interface Round {
  readonly order: Order;
  readonly places: readonly ExecutorLoad[];
  readonly active: Map<string, number>;
  /** Lots that can never be admitted. */
  readonly hopeless: ReadonlySet<Lot>;
  /** Executors that are kept free for nodes, none of which fits now. */
  readonly reserved: ReadonlySet<string>;
  /** Workspaces whose quota is kept free for a node. */
  readonly starving: Map<string, NodeKey>;
}

interface Candidate {
  readonly node: WaitingNode;
  readonly place: ExecutorLoad;
}

/**
 * Hands free places to waiting nodes, one after the other: to the workspace of the highest priority that was given least by its weight, where an
 * element costs its cores (at least 1); within a workspace to the run of the highest priority with the fewest elements under way by its weight,
 * then to the oldest node. Grants as much as there is place for, within the workspaces' quotas. What it grants is taken from `waiting`.
 */
export function admit(waiting: WaitingNodes, { executors, active, shares }: Supply, turns: Turns, now: number): Admission {
  const places = executors.filter((executor) => executor.accepting).map((executor) => ({ ...executor, held: { ...executor.held } }));
  const order = takeTurns(namesOf(waiting), turns, shares);
  const refused = lotsOf(waiting).flatMap((lot) => {
    const reason = neverFits(lot, order.share(lot.workspace));
    return reason === undefined ? [] : [{ lot, reason }];
  });
  const hopeless = new Set(refused.map(({ lot }) => lot));
  const open = lotsOf(waiting).filter((lot) => !hopeless.has(lot));
  const held = new Map(active);
  const round: Round = {
    order,
    places,
    active: held,
    hopeless,
    reserved: keepFree(open, places, order, now),
    starving: starvingOf({ waiting, lots: open, places, order, active, before: turns.starving, now }),
  };
  const granted = new Map<string, Grant>();

  for (let workspace = order.next(); workspace !== undefined && places.some(hasRoom); workspace = order.next()) {
    const found = next(waiting.workspaces.get(workspace)?.values() ?? [], round);
    if (found) take(found, waiting, granted, round);
    else order.drop();
  }
  const { reasons, moreToTell } = reasonsToTell(open, waiting, executors, round);
  return {
    grants: [...granted.values()],
    refusals: refused.flatMap(({ lot, reason }) => leftOf(lot).map(({ run, node, workspace }) => ({ run, node, workspace, reason }))),
    reasons,
    moreToTell,
    turns: { ...order.after(), starving: round.starving },
  };
}

/** Lots of which something is left. */
const lotsOf = ({ workspaces }: WaitingNodes): Lot[] =>
  [...workspaces.values()].flatMap((lots) => [...lots.values()].filter((lot) => lot.left > 0));

const leftOf = (lot: Lot): WaitingNode[] => lot.nodes.filter((node) => node.left > 0);

const namesOf = ({ workspaces }: WaitingNodes): string[] =>
  [...workspaces].flatMap(([name, lots]) => ([...lots.values()].some((lot) => lot.left > 0) ? [name] : []));

/** The node of a workspace whose turn it is and that finds a place now, with the emptiest place. */
function next(lots: Iterable<Lot>, round: Round): Candidate | undefined {
  let best: Candidate | undefined;
  for (const lot of lots) {
    if (lot.left === 0 || round.hopeless.has(lot) || isExceeded(lot, round.order.share(lot.workspace))) continue;
    const found = nextOfLot(lot, round);
    if (found && (best === undefined || goesBefore(found.node, best.node, round.active))) best = found;
  }
  return best;
}

function nextOfLot(lot: Lot, { places, reserved, starving, active }: Round): Candidate | undefined {
  const place = emptiest(places.filter((one) => !reserved.has(one.id) && fitsNow(lot, one)));
  if (!place) return undefined;
  const first = starving.get(lot.workspace);
  let node: WaitingNode | undefined;
  for (const one of lot.nodes) {
    if (one.left === 0 || (first !== undefined && one.key !== first)) continue;
    if (node === undefined || goesBefore(one, node, active)) node = one;
  }
  return node && { node, place };
}

function goesBefore(a: WaitingNode, b: WaitingNode, active: ReadonlyMap<string, number>): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  const [mine, other] = [(active.get(a.run) ?? 0) / a.weight, (active.get(b.run) ?? 0) / b.weight];
  return mine === other ? isOlder(a, b) : mine < other;
}

const costOf = (node: WaitingNode): number => Math.max(1, node.cores);

function take({ node, place }: Candidate, waiting: WaitingNodes, granted: Map<string, Grant>, { order, active, starving }: Round): void {
  waiting.take(node);
  active.set(node.run, (active.get(node.run) ?? 0) + 1);
  for (const { held } of [place, order.share(node.workspace)]) {
    held.steps += 1;
    held.cores += node.cores;
    held.memoryMiB += node.memoryMiB;
  }
  order.charge(costOf(node));
  if (starving.get(node.workspace) === node.key) starving.delete(node.workspace);
  const { run, workspace, cores, memoryMiB } = node;
  const key = `${place.id} ${node.key}`;
  const grant = granted.get(key) ?? { run, node: node.node, workspace, executor: place.id, count: 0, cores, memoryMiB };
  grant.count += 1;
  granted.set(key, grant);
}
