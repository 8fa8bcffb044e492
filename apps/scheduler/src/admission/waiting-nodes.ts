/** What one element needs. */
export interface Need {
  readonly cores: number;
  readonly memoryMiB: number;
}

/** A node with elements that wait for a slot, as its row in `ready_nodes` says. */
export interface NodeRow extends Need {
  readonly run: string;
  readonly node: string;
  readonly workspace: string;
  /** Elements that were not requested yet; some of them may be granted. */
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Why it waits, as it was told last. */
  readonly reason: string | null;
  /** Of the run, among those of its workspace. */
  readonly priority: number;
  readonly weight: number;
}

export interface WaitingNode extends Omit<NodeRow, 'reason'> {
  readonly key: NodeKey;
  readonly lot: Lot;
  /** Elements that are not granted either. */
  left: number;
  told: string | null;
}

export type NodeKey = string;
export const keyOf = ({ run, node }: Pick<NodeRow, 'run' | 'node'>): NodeKey => `${run} ${node}`;

/** Nodes of one workspace that need the same: whether there is room for one of them, there is for each. */
export interface Lot extends Need {
  readonly workspace: string;
  /** The oldest first. */
  readonly nodes: WaitingNode[];
  /** Elements of all of them that are not granted. */
  left: number;
  /** Why they wait; undefined: nothing was found yet. */
  reason?: string;
  /** Those that may have been told something else. */
  readonly untold: Set<WaitingNode>;
}

/**
 * The admitter's copy of what waits, so that a round touches what can be admitted and what has changed, however much waits. Lots without nodes,
 * and workspaces without lots, are not there.
 */
export interface WaitingNodes {
  /** Of each workspace its lots. */
  readonly workspaces: ReadonlyMap<string, ReadonlyMap<string, Lot>>;
  find(key: NodeKey): WaitingNode | undefined;
  /** The row is new or another one. */
  set(row: NodeRow): void;
  remove(key: NodeKey): void;
  /** Says anew how many elements of which nodes are granted: those of all others are left. Infinity: the node is refused. */
  subtract(granted: ReadonlyMap<NodeKey, number>): void;
  /** One more element of the node is granted. */
  take(node: WaitingNode): void;
}

export function createWaitingNodes(): WaitingNodes {
  const nodes = new Map<NodeKey, WaitingNode>();
  const workspaces = new Map<string, Map<string, Lot>>();
  /** Nodes of which something is granted. */
  let granted = new Set<WaitingNode>();

  const lotFor = ({ workspace, cores, memoryMiB }: Omit<NodeRow, 'reason'>): Lot => {
    const lots = workspaces.get(workspace) ?? new Map<string, Lot>();
    const name = `${cores} ${memoryMiB}`;
    const lot = lots.get(name) ?? { workspace, cores, memoryMiB, nodes: [], left: 0, untold: new Set<WaitingNode>() };
    workspaces.set(workspace, lots.set(name, lot));
    return lot;
  };
  const leave = (node: WaitingNode, left: number): void => {
    node.lot.left += left - node.left;
    node.left = left;
  };
  const remove = (key: NodeKey): void => {
    const node = nodes.get(key);
    if (!node) return;
    leave(node, 0);
    const { lot } = node;
    lot.nodes.splice(placeOf(lot.nodes, node), 1);
    lot.untold.delete(node);
    nodes.delete(key);
    granted.delete(node);
    if (lot.nodes.length > 0) return;
    const lots = workspaces.get(node.workspace);
    lots?.delete(`${node.cores} ${node.memoryMiB}`);
    if (lots?.size === 0) workspaces.delete(node.workspace);
  };
  return {
    workspaces,
    find: (key) => nodes.get(key),
    set: ({ reason, ...row }) => {
      const key = keyOf(row);
      remove(key);
      const lot = lotFor(row);
      const node: WaitingNode = { ...row, key, lot, left: 0, told: reason };
      lot.nodes.splice(placeOf(lot.nodes, node), 0, node);
      lot.untold.add(node);
      nodes.set(key, node);
      leave(node, row.count);
    },
    remove,
    subtract: (now) => {
      for (const node of granted) leave(node, node.count);
      granted = new Set();
      for (const [key, count] of now) {
        const node = nodes.get(key);
        if (!node) continue;
        leave(node, Math.max(0, node.count - count));
        granted.add(node);
      }
    },
    take: (node) => {
      leave(node, node.left - 1);
      granted.add(node);
    },
  };
}

/** Which of two was there first; those of one instant have an order too. */
export function isOlder(a: Pick<WaitingNode, 'since' | 'key'>, b: Pick<WaitingNode, 'since' | 'key'>): boolean {
  return a.since === b.since ? a.key < b.key : a.since < b.since;
}

/** Where the node stands among those, or would. */
function placeOf(nodes: readonly WaitingNode[], node: WaitingNode): number {
  let [low, high] = [0, nodes.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = nodes[middle];
    if (other !== undefined && isOlder(other, node)) low = middle + 1;
    else high = middle;
  }
  return low;
}
