import { fitsAtAll } from './fits-at-all.ts';
import { exceeded, neverFits } from './quotas.ts';
import type { Share } from './quotas.ts';
import { reasonOf } from './reason-of.ts';
import { takeTurns } from './turns.ts';
import type { Order, Turns } from './turns.ts';

/** A node with elements that wait for a slot; what is already granted is not counted. */
export interface WaitingNode {
  run: string;
  node: string;
  workspace: string;
  count: number;
  /** Per element. */
  cores: number;
  memoryMiB: number;
  /** Milliseconds since 1970. */
  since: number;
  /** Elements of the same run that are granted, requested or running. */
  active: number;
  /** Of the run, among those of its workspace. */
  priority: number;
  weight: number;
}

/** An executor that lives, and what was handed to it and has not ended. */
export interface ExecutorLoad {
  id: string;
  /** False while it drains, or is told to take nothing new. */
  accepting: boolean;
  /** Why it is told so. */
  cordon?: string | null;
  /** Elements it may hold at once: those that run and a short queue that hides the way of the next one. */
  capacity: number;
  slots: number;
  /** In all. */
  cores: number;
  memoryMiB: number;
  held: { steps: number; cores: number; memoryMiB: number };
}

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
  /** Why what is left of each node waits. */
  reasons: { run: string; node: string; reason: string }[];
  turns: Turns;
  /** The turn came to a workspace whose nodes were not looked at: what is found here is void. */
  incomplete: boolean;
}

/** Milliseconds after which an executor is kept free for a node that is too large for the gaps the others leave. */
const patience = 10_000;

/** What one admission knows of the machine and of those who share it. */
interface Supply {
  order: Order;
  places: readonly ExecutorLoad[];
  /** Executors that are kept free for a node. */
  reserved: ReadonlyMap<string, WaitingKey>;
  /** Workspaces whose quota is kept free for a node. */
  starving: Map<string, WaitingKey>;
}

/**
 * Hands free places to waiting nodes, one after the other: to the workspace of the highest priority that was given least by its weight, where an
 * element costs its cores (at least 1); within a workspace to the run of the highest priority with the fewest elements under way by its weight,
 * then to the oldest node. Grants as much as there is place for, within the workspaces' quotas. `others` wait too; their nodes are not given, and
 * nothing is said of them: as a rule all places are taken before it is their turn.
 */
export function admit(
  waiting: readonly WaitingNode[],
  executors: readonly ExecutorLoad[],
  turns: Turns,
  now: number,
  shares: ReadonlyMap<string, Share> = new Map(),
  others: readonly string[] = [],
): Admission {
  const places = executors.filter((executor) => executor.accepting).map((executor) => ({ ...executor, held: { ...executor.held } }));
  const queues = queuesOf(waiting);
  const unseen = new Set(others.filter((workspace) => !queues.has(workspace)));
  const order = takeTurns([...queues.keys(), ...unseen], turns, shares);
  const refusals = refuse(queues, order);
  const left = [...queues.values()].flat();
  const supply: Supply = {
    order,
    places,
    reserved: reserve(left, places, order, now),
    starving: starvingOf(queues, places, order, turns, now),
  };
  const granted = new Map<string, Grant>();

  let incomplete = false;
  for (let workspace = order.next(); workspace !== undefined && places.some(hasRoom); workspace = order.next()) {
    incomplete = unseen.has(workspace);
    if (incomplete) break;
    const queue = queues.get(workspace) ?? [];
    const found = next(queue, supply);
    if (!found) order.drop(workspace);
    else {
      take(found.node, found.place, queue, granted, order);
      if (supply.starving.get(workspace) === keyOf(found.node)) supply.starving.delete(workspace);
    }
  }
  const reasons = left
    .filter((node) => node.count > 0)
    .map((node) => ({ run: node.run, node: node.node, reason: whyOf(node, executors, supply) }));
  for (const [workspace, node] of turns.starving) if (unseen.has(workspace)) supply.starving.set(workspace, node);
  return { grants: [...granted.values()], refusals, reasons, turns: { ...order.after(), starving: supply.starving }, incomplete };
}

const hasRoom = ({ held, capacity }: ExecutorLoad): boolean => held.steps < capacity;

/** Takes from the queues what can never be admitted. */
function refuse(queues: Map<string, WaitingNode[]>, order: Order): Admission['refusals'] {
  const refusals: Admission['refusals'] = [];
  for (const [workspace, queue] of queues) {
    const kept = queue.filter(({ run, node, ...need }) => {
      const reason = neverFits(need, order.share(workspace));
      if (reason !== undefined) refusals.push({ run, node, workspace, reason });
      return reason === undefined;
    });
    queues.set(workspace, kept);
  }
  return refusals;
}

function whyOf(node: WaitingNode, executors: readonly ExecutorLoad[], { order, starving }: Supply): string {
  const over = exceeded(node, order.share(node.workspace));
  if (over !== undefined) return over;
  const first = starving.get(node.workspace);
  if (first !== undefined && first !== keyOf(node)) return 'the quota of the workspace is kept free for a step that has waited longer';
  return reasonOf(node, executors);
}

const costOf = (node: WaitingNode): number => Math.max(1, node.cores);

function queuesOf(waiting: readonly WaitingNode[]): Map<string, WaitingNode[]> {
  const queues = new Map<string, WaitingNode[]>();
  for (const node of waiting) {
    if (node.count <= 0) continue;
    const queue = queues.get(node.workspace);
    if (queue) queue.push({ ...node });
    else queues.set(node.workspace, [{ ...node }]);
  }
  return queues;
}

/** The node of a workspace whose turn it is and that finds a place now, with the emptiest place. */
function next(queue: readonly WaitingNode[], supply: Supply): { node: WaitingNode; place: ExecutorLoad } | undefined {
  const { order, places, reserved, starving } = supply;
  let best: { node: WaitingNode; place: ExecutorLoad } | undefined;
  for (const node of queue) {
    if (node.count === 0 || (best && !goesBefore(node, best.node))) continue;
    if ((starving.get(node.workspace) ?? keyOf(node)) !== keyOf(node) || exceeded(node, order.share(node.workspace))) continue;
    const place = emptiest(places.filter((executor) => fitsNow(node, executor) && isFreeFor(node, executor, reserved)));
    if (place) best = { node, place };
  }
  return best;
}

function goesBefore(a: WaitingNode, b: WaitingNode): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  const [mine, other] = [a.active / a.weight, b.active / b.weight];
  return mine !== other ? mine < other : a.since < b.since;
}

function emptiest(places: readonly ExecutorLoad[]): ExecutorLoad | undefined {
  return places.reduce<ExecutorLoad | undefined>(
    (best, place) => (!best || place.held.steps / place.capacity < best.held.steps / best.capacity ? place : best),
    undefined,
  );
}

/** Cores and memory are over-committed like slots: what is queued at an executor does not use them yet. */
function fitsNow(node: WaitingNode, executor: ExecutorLoad): boolean {
  const times = Math.max(1, executor.capacity / executor.slots);
  return (
    fitsAtAll(node, executor) &&
    hasRoom(executor) &&
    executor.held.cores + node.cores <= executor.cores * times &&
    executor.held.memoryMiB + node.memoryMiB <= executor.memoryMiB * times
  );
}

type WaitingKey = string;
const keyOf = (node: WaitingNode): WaitingKey => `${node.run} ${node.node}`;

/** Nodes that waited longer than `patience` and fit somewhere, but not now: the emptiest such executor takes nothing else until they do. */
function reserve(waiting: readonly WaitingNode[], places: readonly ExecutorLoad[], order: Order, now: number): Map<string, WaitingKey> {
  const reserved = new Map<string, WaitingKey>();
  // Who waits for its quota needs no executor.
  const impatient = longWaiting(waiting, now).filter((node) => exceeded(node, order.share(node.workspace)) === undefined);
  for (const node of impatient) {
    const possible = places.filter((executor) => fitsAtAll(node, executor) && !reserved.has(executor.id));
    if (possible.some((executor) => fitsNow(node, executor) || executor.held.steps >= executor.capacity)) continue;
    const place = emptiest(possible);
    if (place) reserved.set(place.id, keyOf(node));
  }
  return reserved;
}

const longWaiting = (waiting: readonly WaitingNode[], now: number): WaitingNode[] =>
  waiting.filter((node) => node.count > 0 && now - node.since > patience).sort((a, b) => a.since - b.since);

/**
 * Of each workspace with a quota, the oldest node of a run that has nothing under way and finds no room: the quota is emptied for it, and it is the
 * first to be granted again, so that nothing smaller goes before it for ever.
 */
function starvingOf(
  queues: ReadonlyMap<string, readonly WaitingNode[]>,
  places: readonly ExecutorLoad[],
  order: Order,
  turns: Turns,
  now: number,
): Map<string, WaitingKey> {
  const starving = new Map<string, WaitingKey>();
  for (const [workspace, queue] of queues) {
    const { cores, memoryMiB } = order.share(workspace).quota;
    if (cores === undefined && memoryMiB === undefined) continue;
    const possible = longWaiting(queue, now).filter((node) => places.some((place) => fitsAtAll(node, place)));
    const chosen = possible.find((node) => keyOf(node) === turns.starving.get(workspace));
    const hungry = chosen ?? possible.find((node) => node.active === 0 && exceeded(node, order.share(workspace)));
    if (hungry) starving.set(workspace, keyOf(hungry));
  }
  return starving;
}

function isFreeFor(node: WaitingNode, executor: ExecutorLoad, reserved: ReadonlyMap<string, WaitingKey>): boolean {
  const holder = reserved.get(executor.id);
  return holder === undefined || holder === keyOf(node);
}

function take(node: WaitingNode, place: ExecutorLoad, queue: readonly WaitingNode[], granted: Map<string, Grant>, order: Order): void {
  node.count -= 1;
  for (const other of queue) if (other.run === node.run) other.active += 1;
  for (const { held } of [place, order.share(node.workspace)]) {
    held.steps += 1;
    held.cores += node.cores;
    held.memoryMiB += node.memoryMiB;
  }
  order.charge(node.workspace, costOf(node));
  const key = `${place.id} ${keyOf(node)}`;
  const { run, workspace, cores, memoryMiB } = node;
  const grant = granted.get(key) ?? { run, node: node.node, workspace, executor: place.id, count: 0, cores, memoryMiB };
  grant.count += 1;
  granted.set(key, grant);
}
