import { expect, it } from '@jest/globals';
import { createBuckets } from './token-buckets.ts';

const token = { name: 'token', key: 'a', perSecond: 2 };

it('lets so many pass in a second, then one whenever there is room again', () => {
  const take = createBuckets();
  const waits = [0, 0, 0, 250, 500, 501, 1000].map((now) => take([token], now)[0]?.wait);
  expect(waits).toEqual([0, 0, 0.5, 0.25, 0, expect.closeTo(0.499, 6), 0]);
});

it('says what is left, and when all of it is there again', () => {
  const take = createBuckets();
  expect(take([token], 0)).toEqual([{ name: 'token', quota: 2, window: 1, remaining: 1, reset: 1, wait: 0 }]);
  expect(take([{ ...token, key: 'b', perSecond: 0.1 }], 0)).toEqual([
    { name: 'token', quota: 1, window: 10, remaining: 0, reset: 10, wait: 0 },
  ]);
});

it('a request that one limit stops takes nothing from another', () => {
  const take = createBuckets();
  const narrow = { name: 'workspace', key: 'w', perSecond: 1 };
  take([token, narrow], 0);
  expect(take([token, narrow], 0).map(({ wait }) => wait)).toEqual([0, 1]);
  expect(take([token], 0)[0]?.wait).toBe(0);
});

it('a clock that goes back gives nothing', () => {
  const take = createBuckets();
  take([token], 1000);
  take([token], 1000);
  expect(take([token], 0)[0]?.wait).toBe(0.5);
});
