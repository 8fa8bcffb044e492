import { describe, expect, it } from '@jest/globals';
import { createGathering } from './gather.ts';

describe('gathering', () => {
  it('does not wait while there is little to do', () => {
    const gathering = createGathering();
    expect(Array.from({ length: 50 }, (_, n) => gathering.pause(n * 20)).every((pause) => pause === 0)).toBe(true);
  });

  it('waits while one batch follows the other, and no longer than that', () => {
    const gathering = createGathering();
    const pauses = Array.from({ length: 30 }, (_, n) => gathering.pause(n * 2));
    expect(pauses.at(-1)).toBeGreaterThan(0);
    expect(gathering.pause(1000)).toBe(0);
  });
});
