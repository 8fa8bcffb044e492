import { createHeap } from './heap.ts';
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
  /** The next one was given what costs so much. */
  charge(cost: number): void;
  /** Nothing of the next one can be placed any more. */
  drop(): void;
  after(): Omit<Turns, 'starving'>;
}

/** A workspace that waits, with where it stands. */
interface Waiting {
  readonly workspace: string;
  readonly share: Share;
  at: number;
}

/** `shares` of workspaces that are like all others may be missing; theirs are copied, and changed by what is granted. */
export function takeTurns(workspaces: Iterable<string>, turns: Turns, shares: ReadonlyMap<string, Share>): Order {
  let { floor } = turns;
  // Those that are there in the beginning have nothing to catch up on.
  const behind = turns.served.size === 0 ? 0 : headStart;
  const all = new Map<string, Waiting>();
  for (const workspace of workspaces) {
    const share = ownShare(shares.get(workspace) ?? plain);
    all.set(workspace, { workspace, share, at: Math.max(turns.served.get(workspace) ?? -Infinity, floor - behind / share.weight) });
  }
  const left = createHeap(all.values(), goesBefore);
  const find = (workspace: string): Waiting => {
    const found = all.get(workspace);
    if (!found) throw new Error(`${workspace} does not wait`);
    return found;
  };
  return {
    share: (workspace) => find(workspace).share,
    next: () => left.first()?.workspace,
    charge: (cost) => {
      const one = left.first();
      if (!one) throw new Error('nobody waits');
      floor = Math.max(floor, one.at);
      one.at += cost / one.share.weight;
      left.sinkFirst();
    },
    drop: () => left.removeFirst(),
    after: () => {
      // Who waits no more and stands further back would begin there anyway.
      const served = new Map<string, number>();
      for (const [workspace, at] of turns.served) if (at > floor - headStart) served.set(workspace, at);
      for (const { workspace, at } of all.values()) served.set(workspace, at);
      return { served, floor };
    },
  };
}

function goesBefore(a: Waiting, b: Waiting): boolean {
  if (a.share.priority !== b.share.priority) return a.share.priority > b.share.priority;
  return a.at === b.at ? a.workspace < b.workspace : a.at < b.at;
}

const ownShare = (share: Share): Share => ({ ...share, held: { ...share.held } });
