import { fitsAtAll } from './fits-at-all.ts';
import { reasonOf } from './reason-of.ts';

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
}

/** An executor that lives, and what was handed to it and has not ended. */
export interface ExecutorLoad {
  id: string;
  /** False while it drains. */
  accepting: boolean;
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

/** Whose turn it is, kept by the admitter from one admission to the next. */
export interface Turns {
  /** What each workspace that waits has saved up. */
  deficits: ReadonlyMap<string, number>;
  /** The workspace that was served last; the next one in order begins. */
  last?: string;
}

export interface Admission {
  grants: Grant[];
  /** Why what is left of each node waits. */
  reasons: { run: string; node: string; reason: string }[];
  turns: Turns;
}

/** Milliseconds after which an executor is kept free for a node that is too large for the gaps the others leave. */
const patience = 10_000;

/**
 * Hands free places to waiting nodes: deficit round robin over workspaces, where an element costs its cores (at least 1); within a workspace the
 * run with the fewest elements under way goes first, then the oldest node. Grants as much as there is place for.
 */
export function admit(waiting: readonly WaitingNode[], executors: readonly ExecutorLoad[], turns: Turns, now: number): Admission {
  const places = executors.filter((executor) => executor.accepting).map((executor) => ({ ...executor, held: { ...executor.held } }));
  const queues = queuesOf(waiting);
  const reserved = reserve(waiting, places, now);
  const granted = new Map<string, Grant>();
  const deficits = new Map([...turns.deficits].filter(([workspace]) => queues.has(workspace)));
  let last = turns.last;

  for (let served = true; served;) {
    served = false;
    for (const workspace of inTurn([...queues.keys()], last)) {
      const queue = queues.get(workspace) ?? [];
      if (!next(queue, places, reserved)) continue;
      served = true;
      deficits.set(workspace, (deficits.get(workspace) ?? 0) + 1);
      for (
        let found = next(queue, places, reserved);
        found && costOf(found.node) <= (deficits.get(workspace) ?? 0);
        found = next(queue, places, reserved)
      ) {
        deficits.set(workspace, (deficits.get(workspace) ?? 0) - costOf(found.node));
        take(found.node, found.place, queue, granted);
        last = workspace;
      }
    }
  }
  for (const [workspace, queue] of queues) if (queue.every((node) => node.count === 0)) deficits.delete(workspace);
  const left = [...queues.values()].flat().filter((node) => node.count > 0);
  return {
    grants: [...granted.values()],
    reasons: left.map((node) => ({ run: node.run, node: node.node, reason: reasonOf(node, executors) })),
    turns: { deficits, ...(last === undefined ? {} : { last }) },
  };
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

/** Workspaces in order of name, beginning behind the one that was served last. */
function inTurn(workspaces: string[], last: string | undefined): string[] {
  const sorted = workspaces.sort();
  const start = last === undefined ? 0 : sorted.findIndex((workspace) => workspace > last);
  return start <= 0 ? sorted : [...sorted.slice(start), ...sorted.slice(0, start)];
}

/** The node of a workspace whose turn it is and that finds a place now, with the emptiest place. */
function next(
  queue: readonly WaitingNode[],
  places: readonly ExecutorLoad[],
  reserved: ReadonlyMap<string, WaitingKey>,
): { node: WaitingNode; place: ExecutorLoad } | undefined {
  let best: { node: WaitingNode; place: ExecutorLoad } | undefined;
  for (const node of queue) {
    if (node.count === 0 || (best && !goesBefore(node, best.node))) continue;
    const place = emptiest(places.filter((executor) => fitsNow(node, executor) && isFreeFor(node, executor, reserved)));
    if (place) best = { node, place };
  }
  return best;
}

function goesBefore(a: WaitingNode, b: WaitingNode): boolean {
  return a.active !== b.active ? a.active < b.active : a.since < b.since;
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
    executor.held.steps < executor.capacity &&
    executor.held.cores + node.cores <= executor.cores * times &&
    executor.held.memoryMiB + node.memoryMiB <= executor.memoryMiB * times
  );
}

type WaitingKey = string;
const keyOf = (node: WaitingNode): WaitingKey => `${node.run} ${node.node}`;

/** Nodes that waited longer than `patience` and fit somewhere, but not now: the emptiest such executor takes nothing else until they do. */
function reserve(waiting: readonly WaitingNode[], places: readonly ExecutorLoad[], now: number): Map<string, WaitingKey> {
  const reserved = new Map<string, WaitingKey>();
  const impatient = waiting.filter((node) => node.count > 0 && now - node.since > patience).sort((a, b) => a.since - b.since);
  for (const node of impatient) {
    const possible = places.filter((executor) => fitsAtAll(node, executor) && !reserved.has(executor.id));
    if (possible.some((executor) => fitsNow(node, executor) || executor.held.steps >= executor.capacity)) continue;
    const place = emptiest(possible);
    if (place) reserved.set(place.id, keyOf(node));
  }
  return reserved;
}

function isFreeFor(node: WaitingNode, executor: ExecutorLoad, reserved: ReadonlyMap<string, WaitingKey>): boolean {
  const holder = reserved.get(executor.id);
  return holder === undefined || holder === keyOf(node);
}

function take(node: WaitingNode, place: ExecutorLoad, queue: readonly WaitingNode[], granted: Map<string, Grant>): void {
  node.count -= 1;
  for (const other of queue) if (other.run === node.run) other.active += 1;
  place.held.steps += 1;
  place.held.cores += node.cores;
  place.held.memoryMiB += node.memoryMiB;
  const key = `${place.id} ${keyOf(node)}`;
  const { run, workspace, cores, memoryMiB } = node;
  const grant = granted.get(key) ?? { run, node: node.node, workspace, executor: place.id, count: 0, cores, memoryMiB };
  grant.count += 1;
  granted.set(key, grant);
}
