import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sharePartitions } from './share-partitions.ts';
import type { PartitionRow } from './share-partitions.ts';

const all = (owner: string | null, leased = owner !== null): PartitionRow[] =>
  Array.from({ length: 16 }, (_, partition) => ({ partition, owner, leased }));

describe('sharePartitions', () => {
  it('takes everything where there is nobody else', () => {
    expect(sharePartitions(all(null), [], 'a').claim).toHaveLength(16);
  });

  it('gives half back when a second one comes, and the second one waits for it', () => {
    expect(sharePartitions(all('a'), ['a', 'b'], 'a')).toEqual({
      keep: [0, 1, 2, 3, 4, 5, 6, 7],
      release: [8, 9, 10, 11, 12, 13, 14, 15],
      claim: [],
    });
    expect(sharePartitions(all('a'), ['a', 'b'], 'b').claim).toEqual([]);
  });

  it('takes over what is not leased any more', () => {
    expect(sharePartitions(all('a', false), ['b'], 'b').claim).toHaveLength(16);
  });

  it('settles for any number of schedulers, wherever it begins: every partition has one owner, shares differ by one at most', () => {
    const start = fc.array(fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'gone')), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(start, fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1 }), (owners, live) => {
        const rows = owners.map((owner, partition): PartitionRow => ({ partition, owner, leased: owner !== null && live.includes(owner) }));
        for (let round = 0; round < 3; round++) {
          for (const me of live) {
            const { release, claim } = sharePartitions(rows, live, me);
            for (const partition of release) rows[partition] = { partition, owner: null, leased: false };
            for (const partition of claim) rows[partition] = { partition, owner: me, leased: true };
          }
        }
        const counts = live.map((me) => rows.filter(({ owner }) => owner === me).length);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(16);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
