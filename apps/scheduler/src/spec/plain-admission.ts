import { exceeded, isExceeded, neverFits } from '../admission/quotas.ts';
import type { Share } from '../admission/quotas.ts';
import { reasonOf } from '../admission/reason-of.ts';
import { emptiest, fitsAtAll, fitsNow, hasRoom } from '../admission/rooms.ts';
import type { ExecutorLoad } from '../admission/rooms.ts';
import type { Turns } from '../admission/turns.ts';
import { keyOf } from '../admission/waiting-nodes.ts';
import type { NodeRow } from '../admission/waiting-nodes.ts';

/** An element that waits, where nothing is kept from one decision to the next. */
export interface PlainNode extends Omit<NodeRow, 'reason' | 'count'> {
  count: number;
  /** Elements of the same run that are under way. */
  active: number;
}

/** What admission has to decide, said as plainly as it can be: each decision looks at every node. The oldest nodes first. */
export function plainAdmission(
  nodes: readonly PlainNode[],
  executors: readonly ExecutorLoad[],
  turns: Turns,
  now: number,
  shares: ReadonlyMap<string, Share>,
): { grants: Map<string, number>; refusals: string[]; reasons: Map<string, string>; turns: Turns } {
  const places = structuredClone(executors.filter((executor) => executor.accepting));
  const wanted = structuredClone(nodes.filter(({ count }) => count > 0));
  const share = new Map(
    [...new Set(wanted.map(({ workspace }) => workspace))].sort().map((name) => [name, structuredClone(shares.get(name) ?? plainShare)]),
  );
  const shareOf = (node: PlainNode): Share => share.get(node.workspace) ?? plainShare;
  let { floor } = turns;
  const at = new Map<string, number>();
  for (const [name, { weight }] of share)
    at.set(name, Math.max(turns.served.get(name) ?? -Infinity, floor - (turns.served.size === 0 ? 0 : 8) / weight));
  const refusals = wanted.filter((node) => neverFits(node, shareOf(node)) !== undefined).map(keyOf);
  const waiting = wanted.filter((node) => !refusals.includes(keyOf(node)));
  const reserved = reserve(waiting, places, shareOf, now);
  const starving = starve(waiting, places, shareOf, turns.starving, now);

  const mayTake = (node: PlainNode, place: ExecutorLoad): boolean =>
    node.count > 0 &&
    !isExceeded(node, shareOf(node)) &&
    (starving.get(node.workspace) ?? keyOf(node)) === keyOf(node) &&
    (reserved.get(place.id) ?? keyOf(node)) === keyOf(node) &&
    fitsNow(node, place);
  const before = (a: PlainNode, b: PlainNode): boolean => {
    const [mine, other] = [shareOf(a), shareOf(b)];
    if (a.workspace !== b.workspace) {
      if (mine.priority !== other.priority) return mine.priority > other.priority;
      const [one, two] = [at.get(a.workspace) ?? 0, at.get(b.workspace) ?? 0];
      return one === two ? a.workspace < b.workspace : one < two;
    }
    if (a.priority !== b.priority) return a.priority > b.priority;
    return a.active / a.weight < b.active / b.weight;
  };
  const grants = new Map<string, number>();
  for (;;) {
    let node: PlainNode | undefined;
    for (const one of waiting) if (places.some((place) => mayTake(one, place)) && (node === undefined || before(one, node))) node = one;
    const found = node;
    const place = found && emptiest(places.filter((one) => mayTake(found, one)));
    if (!found || !place) break;
    found.count -= 1;
    for (const one of waiting) if (one.run === found.run) one.active += 1;
    for (const { held } of [place, shareOf(found)]) {
      held.steps += 1;
      held.cores += found.cores;
      held.memoryMiB += found.memoryMiB;
    }
    const stood = at.get(found.workspace) ?? 0;
    floor = Math.max(floor, stood);
    at.set(found.workspace, stood + Math.max(1, found.cores) / shareOf(found).weight);
    if (starving.get(found.workspace) === keyOf(found)) starving.delete(found.workspace);
    const key = `${place.id} ${keyOf(found)}`;
    grants.set(key, (grants.get(key) ?? 0) + 1);
  }
  const why = (node: PlainNode): string =>
    exceeded(node, shareOf(node)) ??
    ((starving.get(node.workspace) ?? keyOf(node)) === keyOf(node)
      ? reasonOf(node, executors)
      : 'the quota of the workspace is kept free for a step that has waited longer');
  const left = [...turns.served].filter(([, stood]) => stood > floor - 8);
  return {
    grants,
    refusals,
    reasons: new Map(waiting.filter(({ count }) => count > 0).map((node) => [keyOf(node), why(node)])),
    turns: { served: new Map([...left, ...at]), floor, starving },
  };
}

const plainShare: Share = { weight: 1, priority: 0, quota: {}, held: { steps: 0, cores: 0, memoryMiB: 0 } };
const isImpatient = (node: PlainNode, now: number): boolean => now - node.since > 10_000;

function reserve(
  nodes: readonly PlainNode[],
  places: readonly ExecutorLoad[],
  shareOf: (node: PlainNode) => Share,
  now: number,
): Map<string, string> {
  const reserved = new Map<string, string>();
  for (const node of nodes) {
    if (!isImpatient(node, now) || isExceeded(node, shareOf(node))) continue;
    const possible = places.filter((place) => fitsAtAll(node, place) && !reserved.has(place.id));
    if (possible.some((place) => fitsNow(node, place) || !hasRoom(place))) continue;
    const place = emptiest(possible);
    if (place) reserved.set(place.id, keyOf(node));
  }
  return reserved;
}

function starve(
  nodes: readonly PlainNode[],
  places: readonly ExecutorLoad[],
  shareOf: (node: PlainNode) => Share,
  before: ReadonlyMap<string, string>,
  now: number,
): Map<string, string> {
  const starving = new Map<string, string>();
  for (const [workspace, queue] of Map.groupBy(nodes, (node) => node.workspace)) {
    const possible = queue.filter((node) => {
      const { cores, memoryMiB } = shareOf(node).quota;
      return (cores !== undefined || memoryMiB !== undefined) && isImpatient(node, now) && places.some((place) => fitsAtAll(node, place));
    });
    const chosen = possible.find((node) => keyOf(node) === before.get(workspace));
    const hungry = chosen ?? possible.find((node) => node.active === 0 && isExceeded(node, shareOf(node)));
    if (hungry) starving.set(workspace, keyOf(hungry));
  }
  return starving;
}
