import { describe, expect, it } from '@jest/globals';
import { HarvestChanged, RunAccepted, StepRequested } from './messages/index.ts';
import { partitionCount, partitionOf, partitionToken, subjectOf, subjectPattern, tokenOf, typeOf } from './routing.ts';

describe('partitionOf', () => {
  // Rows and subjects of older releases carry these: a change here loses runs.
  it.each([
    ['01936d2e-7c1a-7000-8000-000000000001', 2],
    ['01936d2e-7c1a-7000-8000-000000000002', 1],
    ['019a0000-0000-7abc-9def-0123456789ab', 14],
  ])('%s is in partition %d, for ever', (run, partition) => {
    expect(partitionOf(run)).toBe(partition);
  });

  it('spreads runs evenly', () => {
    const counts = new Array<number>(partitionCount).fill(0);
    for (let i = 0; i < 16_000; i += 1) {
      const partition = partitionOf(`01936d2e-7c1a-7000-8000-${i.toString(16).padStart(12, '0')}`);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1200);
  });
});

describe('subjects', () => {
  it('end with what the contract is routed by', () => {
    expect(subjectOf(RunAccepted, partitionToken(7), 'rn')).toBe('rn.run.accepted.p07');
    expect(subjectOf(HarvestChanged, undefined, 'rn')).toBe('rn.harvest.changed');
    expect(subjectPattern(StepRequested, 't1')).toBe('t1.step.requested.*');
    expect(tokenOf(StepRequested, { shard: 'x-1' })).toBe('x-1');
    expect(tokenOf(HarvestChanged, {})).toBeUndefined();
    expect(typeOf(RunAccepted)).toBe('runnel.run.accepted.v1');
  });

  it('a route that lacks the run is a bug', () => {
    expect(() => tokenOf(RunAccepted, { workspace: 'demo' })).toThrow('run.accepted is routed by its run, which was not given');
  });
});
