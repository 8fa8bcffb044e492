import type { GraphNode, NodeState, TimelineNode } from './shapes.ts';

/** What a node of the graph shows of a run. */
export interface Shown {
  readonly status: string;
  readonly total: number;
  readonly done: number;
  readonly running: number;
  readonly reason?: string;
}

/**
 * States by path. Nodes within scattered workflows are many at once: the run does not list them, what was asked for of them is in the timeline.
 */
export function nodeStates(nodes: readonly NodeState[], timeline: readonly TimelineNode[]): Map<string, Shown> {
  const states = new Map<string, Shown>();
  for (const { node, elements, successful, failed, running, requested } of timeline) {
    const status = failed > 0 ? 'failed' : running + requested > 0 ? 'running' : successful === elements ? 'successful' : 'waiting';
    states.set(node, { status, total: elements, done: successful, running });
  }
  for (const { node, status, total, finished, running, reason } of nodes)
    states.set(node, { status, total, done: finished, running, ...(reason === undefined ? {} : { reason }) });
  return states;
}

/** The node that a step belongs to, as the graph names it: `sub[2]/merge[1]` is one of `sub/merge`. */
export const nodeOfStep = (step: string): string => step.replaceAll(/\[\d+\]/g, '');

/** Finds a node by its path. */
export function findNode(graph: readonly GraphNode[], path: string): GraphNode | undefined {
  const [first = '', ...rest] = path.split('/');
  const found = graph.find(({ id }) => id === first);
  return rest.length === 0 ? found : findNode(found?.nodes ?? [], rest.join('/'));
}
