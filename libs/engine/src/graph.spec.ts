import { describe, expect, it } from '@jest/globals';
import { createEngine } from './engine.ts';
import { packageOf, step, tool, workflow } from './spec/documents.ts';
import type { GraphNode } from './types.ts';

const names = (nodes: readonly GraphNode[]): unknown[] => nodes.map(({ id, nodes: within }) => (within ? [id, names(within)] : id));

describe('the graph of a package', () => {
  it('has the steps in document order, with what they take from', () => {
    const inner = workflow(['x'], [step('m', { x: 'x' })], { out: 'm/out' }, { id: 'inner' });
    const outer = workflow(
      ['p'],
      [
        step('a', { x: 'p' }, { scatter: ['x'], label: 'First' }),
        step('s', { x: 'a/out' }, { run: 'inner', when: '$(true)' }),
        step('z', { x: 'a/out', y: 's/out' }),
      ],
      {},
    );
    const said = tool('tool', ['x'], ['out'], {
      baseCommand: ['say', '-n'],
      arguments: ['$(inputs.x)', { prefix: '--loud' }],
      hints: [{ class: 'DockerRequirement', dockerPull: 'alpine' }],
    });
    const graph = createEngine(packageOf(outer, inner, said), 'main').graph();
    expect(names(graph)).toEqual(['a', ['s', ['m']], 'z']);
    expect(graph[0]).toMatchObject({
      label: 'First',
      scatter: ['x'],
      conditional: false,
      command: ['say', '-n', '$(inputs.x)', '--loud'],
      image: 'alpine',
      upstream: [],
    });
    expect(graph.map(({ upstream, conditional }) => [upstream, conditional])).toEqual([
      [[], false],
      [['a'], true],
      [['a', 's'], false],
    ]);
  });

  it('of a tool by itself is one node', () => {
    expect(names(createEngine(packageOf(tool('main')), 'main').graph())).toEqual(['main']);
  });

  it('stays small where workflows multiply: the deepest are left out', () => {
    const steps = (run: string) => Array.from({ length: 30 }, (_, index) => step(`s${index}`, {}, { run }));
    const levels = [1, 2, 3, 4].map((level) => workflow([], steps(level === 4 ? 'tool' : `w${level + 1}`), {}, { id: `w${level}` }));
    const graph = createEngine(packageOf(...levels), 'w1').graph();
    const count = (nodes: readonly GraphNode[]): number => nodes.reduce((sum, node) => sum + 1 + count(node.nodes ?? []), 0);
    expect(graph).toHaveLength(30);
    expect(count(graph)).toBe(2000);
  });
});
