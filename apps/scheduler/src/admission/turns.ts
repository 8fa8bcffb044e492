import type { Share } from './quotas.ts';

/** Whose turn it is, kept by the admitter from one admission to the next. */
export interface Turns {
  /** What each workspace was given, in cores by its weight: the one that was given least is next. */
  served: ReadonlyMap<string, number>;
  /** Where the one that was served last stood. */
  floor: number;
  /** Nodes for which the quota of their workspace is kept free until they are granted, by workspace. */
  starving: ReadonlyMap<string, string>;
}

export const noTurns: Turns = { served: new Map(), floor: 0, starving: new Map() };

/**
 * How far behind the others a workspace that asks for nothing can fall: so much it is given before it takes turns with them. Without it, who asks
 * for a few steps would wait between the thousands of another; without a limit, who slept for a day could stop all others for another one.
 */
const headStart = 8;

const plain: Share = { weight: 1, priority: 0, quota: {}, held: { steps: 0, cores: 0, memoryMiB: 0 } };

/** One admission's turns among the workspaces that wait (start-time fair queueing). */
export interface Order {
  share(workspace: string): Share;
  /** The workspace that is next; undefined: none is left. */
  next(): string | undefined;
  /** It was given what costs so much. */
  charge(workspace: string, cost: number): void;
  /** Nothing of it can be placed any more. */
  drop(workspace: string): void;
  after(): Omit<Turns, 'starving'>;
}

/** A workspace that waits, with where it stands. */
interface Waiting {
  readonly workspace: string;
  readonly share: Share;
  at: number;
}

/** Workspaces in the order in which it would be their turn, if each were served once. */
export function standings(workspaces: Iterable<string>, turns: Turns, shares: ReadonlyMap<string, Share>): string[] {
  const waiting = [...placesOf(workspaces, turns, shares).values()];
  return waiting.sort((a, b) => (goesBefore(a, b) ? -1 : goesBefore(b, a) ? 1 : 0)).map(({ workspace }) => workspace);
}

/** Where each workspace stands; those that have not been served for a while begin a little before the others. */
function placesOf(workspaces: Iterable<string>, turns: Turns, shares: ReadonlyMap<string, Share>): Map<string, Waiting> {
  // Those that are there in the beginning have nothing to catch up on.
  const behind = turns.served.size === 0 ? 0 : headStart;
  const all = new Map<string, Waiting>();
  for (const workspace of [...workspaces].sort()) {
    const share = ownShare(shares.get(workspace) ?? plain);
    all.set(workspace, { workspace, share, at: Math.max(turns.served.get(workspace) ?? -Infinity, turns.floor - behind / share.weight) });
  }
  return all;
}

/** `shares` of workspaces that are like all others may be missing; theirs are copied, and changed by what is granted. */
export function takeTurns(workspaces: Iterable<string>, turns: Turns, shares: ReadonlyMap<string, Share>): Order {
  let { floor } = turns;
  const all = placesOf(workspaces, turns, shares);
  const left = new Set(all.values());
  const find = (workspace: string): Waiting => {
    const found = all.get(workspace);
    if (!found) throw new Error(`${workspace} does not wait`);
    return found;
  };
  return {
    share: (workspace) => find(workspace).share,
    next: () => {
      let best: Waiting | undefined;
      for (const one of left) if (best === undefined || goesBefore(one, best)) best = one;
      return best?.workspace;
    },
    charge: (workspace, cost) => {
      const one = find(workspace);
      floor = Math.max(floor, one.at);
      one.at += cost / one.share.weight;
    },
    drop: (workspace) => void left.delete(find(workspace)),
    after: () => {
      // Who waits no more and stands further back would begin there anyway.
      const kept = [...turns.served].filter(([, at]) => at > floor - headStart);
      return { served: new Map([...kept, ...[...all.values()].map(({ workspace, at }) => [workspace, at] as const)]), floor };
    },
  };
}

const goesBefore = (a: Waiting, b: Waiting): boolean =>
  a.share.priority === b.share.priority ? a.at < b.at : a.share.priority > b.share.priority;

const ownShare = (share: Share): Share => ({ ...share, held: { ...share.held } });
