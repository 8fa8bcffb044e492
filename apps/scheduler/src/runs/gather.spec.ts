import { describe, expect, it } from '@jest/globals';
import { createGathering } from './gather.ts';

/** Batches of 5 ms, one every `period` ms. */
function after(batches: number, period: number, gathering = createGathering(), from = 0): ReturnType<typeof createGathering> {
  for (let n = 0; n < batches; n++) gathering.ran(from + n * period, from + n * period + 5);
  return gathering;
}

describe('gathering', () => {
  it('does not wait while there is little to do', () => {
    expect(after(50, 15).pause()).toBe(0);
  });

  it('waits about as long as a batch takes while one follows the other', () => {
    expect(after(50, 6).pause()).toBeCloseTo(5, 1);
  });

  it('stops waiting when there is little to do again', () => {
    expect(after(10, 100, after(50, 6), 1000).pause()).toBe(0);
  });

  it('never waits long', () => {
    const gathering = createGathering();
    for (let n = 0; n < 50; n++) gathering.ran(n * 1000, n * 1000 + 999);
    expect(gathering.pause()).toBeLessThanOrEqual(15);
  });
});
