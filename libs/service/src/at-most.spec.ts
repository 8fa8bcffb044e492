import { describe, expect, it } from '@jest/globals';
import { atMost } from './at-most.ts';

describe('atMost', () => {
  it('lets so many run at a time, in order, also after a fault', async () => {
    const turn = atMost(2);
    const ends: PromiseWithResolvers<void>[] = [];
    const begun: number[] = [];
    const all = [0, 1, 2, 3].map((number) =>
      turn(async () => {
        begun.push(number);
        ends[number] = Promise.withResolvers<void>();
        await ends[number].promise;
      }),
    );
    const settled = Promise.allSettled(all);
    expect(begun).toEqual([0, 1]);
    ends[1]?.reject(new Error('a fault'));
    await Promise.allSettled([all[1]]);
    expect(begun).toEqual([0, 1, 2]);
    ends[0]?.resolve();
    await all[0];
    expect(begun).toEqual([0, 1, 2, 3]);
    ends[2]?.resolve();
    ends[3]?.resolve();
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  });
});
