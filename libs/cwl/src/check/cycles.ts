/** Cycles of a graph, each as the nodes on it in order, at most one for each node that closes it. Iterative: graphs may be thousands deep. */
export function findCycles(nodes: Iterable<string>, next: (node: string) => Iterable<string>): string[][] {
  const cycles: string[][] = [];
  const state = new Map<string, 'open' | 'done'>();
  for (const start of nodes) {
    if (state.has(start)) continue;
    const path: { node: string; rest: Iterator<string> }[] = [];
    const open = (node: string) => {
      state.set(node, 'open');
      path.push({ node, rest: next(node)[Symbol.iterator]() });
    };
    open(start);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const following = top.rest.next();
      if (following.done) {
        state.set(top.node, 'done');
        path.pop();
      } else if (!state.has(following.value)) {
        open(following.value);
      } else if (state.get(following.value) === 'open') {
        cycles.push(path.slice(path.findIndex(({ node }) => node === following.value)).map(({ node }) => node));
      }
    }
  }
  return cycles;
}
