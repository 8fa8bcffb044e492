import { describe, expect, it } from '@jest/globals';
import { queueDepth } from './queue-depth.ts';

/** Depths while an executor is kept full. */
function whileFull(passes: number, waited: number | undefined, from?: number): number {
  let depth = from;
  for (let n = 0; n < passes; n++) depth = queueDepth(depth, { slots: 2, held: depth ?? 4, waited });
  return depth ?? 0;
}

describe('queueDepth', () => {
  it('begins with one element in wait for each slot', () => {
    expect(queueDepth(undefined, { slots: 2, held: 0, waited: undefined })).toBe(4);
  });

  it('grows while what waits is soon taken, and not for ever', () => {
    expect(whileFull(4, 50)).toBeGreaterThan(8);
    expect(whileFull(1000, 50)).toBe(40);
  });

  it('shrinks to almost no queue where steps are long', () => {
    expect(whileFull(10, 60_000, 20)).toBe(3);
  });

  it('does not grow for an executor that is not kept busy', () => {
    expect(queueDepth(4, { slots: 2, held: 1, waited: undefined })).toBe(4);
  });

  it('gives nothing to an executor without slots', () => {
    expect(queueDepth(undefined, { slots: 0, held: 0, waited: undefined })).toBe(0);
  });
});
