import { expect, it } from '@jest/globals';
import { findNode, nodeOfStep, nodeStates } from './node-states.ts';
import type { GraphNode } from './shapes.ts';

const counts = { requested: 0, running: 0, successful: 0, failed: 0, waiting: 0, firstRequested: '2026-01-01T00:00:00Z' };

it('the run knows its nodes; those of scattered workflows are known by what was asked for', () => {
  const states = nodeStates(
    [{ node: 'sub', status: 'running', total: 5, finished: 2, running: 3, reason: 'waits' }],
    [
      { node: 'sub', elements: 1, ...counts },
      { node: 'sub/m', elements: 4, ...counts, successful: 3, running: 1 },
      { node: 'sub/n', elements: 2, ...counts, successful: 1, failed: 1 },
    ],
  );
  expect(states.get('sub')).toEqual({ status: 'running', total: 5, done: 2, running: 3, reason: 'waits' });
  expect(states.get('sub/m')).toMatchObject({ status: 'running', total: 4, done: 3 });
  expect(states.get('sub/n')?.status).toBe('failed');
});

it('a step is one of a node, wherever it is scattered', () => {
  const inner: GraphNode = {
    id: 'merge',
    class: 'CommandLineTool',
    upstream: [],
    conditional: false,
    resources: { cores: 1, memoryMiB: 1 },
  };
  expect(nodeOfStep('sub[2]/merge[1][0]')).toBe('sub/merge');
  expect(findNode([{ ...inner, id: 'sub', nodes: [inner] }], 'sub/merge')).toBe(inner);
  expect(findNode([inner], 'merge/x')).toBeUndefined();
});
