import { describe, expect, it } from '@jest/globals';
import { layOut, pathOf } from './layout.ts';
import type { Layout, LayoutNode } from './layout.ts';

const node = (id: string, ...upstream: string[]): LayoutNode => ({ id, upstream, width: 100, height: 40 });
const at = (layout: Layout, id: string) => layout.nodes.find((one) => one.id === id) ?? { x: NaN, y: NaN, width: 0, height: 0, id };

const diamond = [node('a'), node('b', 'a'), node('c', 'a'), node('d', 'b', 'c'), node('e', 'a', 'd')];

describe('a graph in layers', () => {
  it('goes from left to right, and downwards where that is asked for', () => {
    const across = layOut(diamond, 'across');
    const down = layOut(diamond, 'down');
    for (const { id, upstream } of diamond)
      for (const source of upstream) {
        expect(at(across, source).x + 100).toBeLessThan(at(across, id).x);
        expect(at(down, source).y + 40).toBeLessThan(at(down, id).y);
      }
  });

  it.each(['across', 'down'] as const)('%s: no two nodes touch, nor does an edge that passes a layer', (direction) => {
    const wide = [
      node('a'),
      ...Array.from({ length: 12 }, (_, index) => node(`b${index}`, 'a')),
      node('z', 'a', 'b3', 'b11'),
      node('y', 'b0', 'a', 'z'),
    ];
    const { nodes, edges, width, height } = layOut(wide, direction);
    expect(nodes).toHaveLength(wide.length);
    expect(edges).toHaveLength(12 + 3 + 3);
    for (const one of nodes) {
      expect(one.x).toBeGreaterThanOrEqual(0);
      expect(one.y).toBeGreaterThanOrEqual(0);
      expect(one.x + one.width).toBeLessThanOrEqual(width);
      expect(one.y + one.height).toBeLessThanOrEqual(height);
      for (const other of nodes.filter(({ id }) => id > one.id)) {
        const apart =
          one.x + one.width <= other.x ||
          other.x + other.width <= one.x ||
          one.y + one.height <= other.y ||
          other.y + other.height <= one.y;
        expect({ one: one.id, other: other.id, apart }).toEqual({ one: one.id, other: other.id, apart: true });
      }
      for (const { from, to, points } of edges.filter((edge) => edge.from !== one.id && edge.to !== one.id))
        for (const point of points.slice(1, -1)) {
          const inside = point.x >= one.x && point.x <= one.x + one.width && point.y > one.y && point.y < one.y + one.height;
          expect({ from, to, through: one.id, inside }).toEqual({ from, to, through: one.id, inside: false });
        }
    }
  });

  it('of a chain is a straight line', () => {
    const { nodes } = layOut([node('a'), node('b', 'a'), node('c', 'b')], 'across');
    expect(new Set(nodes.map(({ y }) => y)).size).toBe(1);
  });

  it('does not cross edges that need not', () => {
    const layout = layOut([node('a'), node('b'), node('x', 'b'), node('y', 'a')], 'across');
    expect(at(layout, 'a').y < at(layout, 'b').y).toBe(at(layout, 'y').y < at(layout, 'x').y);
  });

  it('bears what is no graph: nothing, unknown names, a circle', () => {
    expect(layOut([], 'across')).toEqual({ width: 0, height: 0, nodes: [], edges: [] });
    expect(layOut([node('a', 'gone'), node('b', 'c'), node('c', 'b'), node('d', 'd')], 'across').nodes).toHaveLength(4);
  });

  it('of 2,000 nodes takes no noticeable time for the shape of a wide workflow', () => {
    const many = [node('a'), ...Array.from({ length: 1998 }, (_, index) => node(`b${index}`, 'a')), node('z', 'b7')];
    expect(layOut(many, 'across').nodes).toHaveLength(2000);
  });
});

it('a path leaves and arrives along the direction', () => {
  expect(
    pathOf(
      [
        { x: 0, y: 0 },
        { x: 10, y: 20 },
      ],
      'across',
    ),
  ).toBe('M0 0C5 0 5 20 10 20');
  expect(
    pathOf(
      [
        { x: 0, y: 0 },
        { x: 10, y: 20 },
      ],
      'down',
    ),
  ).toBe('M0 0C0 10 10 10 10 20');
});
