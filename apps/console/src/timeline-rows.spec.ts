import { describe, expect, it } from '@jest/globals';
import type { GraphNode, Timeline, TimelineNode } from './shapes.ts';
import { timelineRows } from './timeline-rows.ts';

const begin = Date.parse('2026-01-01T00:00:00.000Z');
const at = (seconds: number): string => new Date(begin + seconds * 1000).toISOString();
const none = { requested: 0, running: 0, successful: 0, failed: 0, waiting: 0 };
const nodeOf = (node: string, more: Partial<TimelineNode>): TimelineNode => ({
  node,
  elements: 1,
  ...none,
  firstRequested: at(0),
  ...more,
});
const timeline = (...nodes: TimelineNode[]): Timeline => ({ from: at(0), to: at(100), parts: 10, nodes });
const step = (id: string, upstream: string[] = [], nodes?: GraphNode[]): GraphNode => ({
  id,
  class: 'CommandLineTool',
  upstream,
  conditional: false,
  resources: { cores: 1, memoryMiB: 1 },
  ...(nodes ? { nodes } : {}),
});
const bar = (index: number, requested: number, started?: number, finished?: number) => ({
  step: `a[${index}]`,
  attempt: 1,
  status: finished === undefined ? 'running' : 'successful',
  requested: at(requested),
  ...(started === undefined ? {} : { started: at(started) }),
  ...(finished === undefined ? {} : { finished: at(finished) }),
});

describe('rows of a timeline', () => {
  it('show what was staged, ran, and what still runs until now', () => {
    const { rows, span } = timelineRows(timeline(nodeOf('a', { bars: [bar(0, 0, 25, 50), bar(1, 100)] })), [step('a')], begin + 200_000);
    expect(span).toBe(200_000);
    expect(rows[0]?.pieces).toMatchObject([
      { staged: 0, started: 0.125, ended: 0.25, lane: 0 },
      { staged: 0.5, started: 1, ended: 1, lane: 0 },
    ]);
  });

  it('put what is at the same time into lanes, and no more than eight', () => {
    const bars = [...Array.from({ length: 12 }, (_, index) => bar(index, 0, 1, 50)), bar(12, 60, 61, 70)];
    const [row] = timelineRows(timeline(nodeOf('a', { bars })), [step('a')], begin).rows;
    expect(row?.lanes).toBe(8);
    expect(row?.pieces.at(-1)?.lane).toBe(0);
  });

  it('say how long a step waited after what it takes from had ended, also within workflows', () => {
    const graph = [step('a'), step('w', ['a'], [step('m'), step('n', ['m'])]), step('z', ['w'])];
    const nodes = [
      nodeOf('a', { lastFinished: at(20) }),
      nodeOf('w/m', { firstRequested: at(50), lastFinished: at(70) }),
      nodeOf('w/n', { firstRequested: at(70), lastFinished: at(80) }),
      nodeOf('z', { firstRequested: at(90) }),
    ];
    expect(timelineRows(timeline(...nodes), graph, begin).rows.map(({ waits }) => waits)).toEqual([
      undefined,
      { from: 0.2, to: 0.5 },
      undefined,
      { from: 0.8, to: 0.9 },
    ]);
  });

  it('draw ten thousand elements as two outlines', () => {
    const levels = [
      { part: 2, staging: 40, running: 60 },
      { part: 6, staging: 0, running: 50 },
      { part: 8, staging: 0, running: 0 },
    ];
    const [row] = timelineRows(timeline(nodeOf('a', { elements: 10_000, levels })), [step('a')], begin).rows;
    expect(row?.outline).toEqual({ most: 100, staging: 'M0.2 1V0H0.6V0.5H0.8V1H1V1Z', running: 'M0.2 1V0.4H0.6V0.5H0.8V1H1V1Z' });
  });
});
