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

/** `shares` of workspaces that are like all others may be missing; what they hold is changed by nobody here. */
export function takeTurns(workspaces: Iterable<string>, turns: Turns, shares: ReadonlyMap<string, Share>): Order {
  const waiting = new Set([...workspaces].sort());
  const own = new Map([...waiting].map((workspace) => [workspace, ownShare(shares.get(workspace) ?? plain)]));
  const share = (workspace: string): Share => own.get(workspace) ?? plain;
  const served = new Map(turns.served);
  let { floor } = turns;
  // Those that are there in the beginning have nothing to catch up on.
  const behind = served.size === 0 ? 0 : headStart;
  for (const workspace of waiting)
    served.set(workspace, Math.max(served.get(workspace) ?? -Infinity, floor - behind / share(workspace).weight));
  const standing = (workspace: string): number => served.get(workspace) ?? floor;
  const goesBefore = (a: string, b: string): boolean =>
    share(a).priority === share(b).priority ? standing(a) < standing(b) : share(a).priority > share(b).priority;
  return {
    share,
    next: () => {
      let best: string | undefined;
      for (const workspace of waiting) if (best === undefined || goesBefore(workspace, best)) best = workspace;
      return best;
    },
    charge: (workspace, cost) => {
      floor = Math.max(floor, standing(workspace));
      served.set(workspace, standing(workspace) + cost / share(workspace).weight);
    },
    drop: (workspace) => void waiting.delete(workspace),
    // Who stands further back begins there anyway.
    after: () => ({ served: new Map([...served].filter(([workspace, at]) => own.has(workspace) || at > floor - headStart)), floor }),
  };
}

const ownShare = (share: Share): Share => ({ ...share, held: { ...share.held } });
