import { describe, expect, it } from '@jest/globals';
import { createGathering } from './gather.ts';
import type { News } from './news.ts';

const news = (run: string): News => ({ run, command: { type: 'start-run', at: '2026-11-21T12:00:00.000Z' } });
const one = [news('r')];

/** Batches of 5 ms, one every `period` ms. */
function after(batches: number, period: number, gathering = createGathering(() => 1), from = 0): ReturnType<typeof createGathering> {
  for (let n = 0; n < batches; n++) gathering.ran(from + n * period, from + n * period + 5);
  return gathering;
}

describe('gathering', () => {
  it('does not wait while there is little to do', () => {
    expect(after(50, 15).pause(one)).toBe(0);
  });

  it('waits about as long as a batch takes while one follows the other', () => {
    expect(after(50, 6).pause(one)).toBeCloseTo(5, 1);
  });

  it('stops waiting when there is little to do again', () => {
    expect(after(10, 100, after(50, 6), 1000).pause(one)).toBe(0);
  });

  it('waits where all news are of runs with much under way', () => {
    const gathering = createGathering((run) => (run === 'wide' ? 40 : 2));
    expect(gathering.pause([news('wide'), news('wide')])).toBeGreaterThan(0);
    expect(gathering.pause([news('wide'), news('small')])).toBe(0);
  });

  it('never waits long', () => {
    const gathering = createGathering(() => 1);
    for (let n = 0; n < 50; n++) gathering.ran(n * 1000, n * 1000 + 999);
    expect(gathering.pause(one)).toBeLessThanOrEqual(15);
  });
});
