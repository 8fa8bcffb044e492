import { describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import { readTogether } from './read-together.ts';

const pool = {} as Pool;

describe('reading together', () => {
  it('asks once for what is wanted at the same moment, and again for what comes later', async () => {
    const asked: (readonly string[])[] = [];
    const read = readTogether<string, string>((_pool, keys) => {
      asked.push(keys);
      return Promise.resolve(keys.map((key) => (key === 'none' ? undefined : key.toUpperCase())));
    });
    expect(await Promise.all(['a', 'none', 'b', 'a'].map((key) => read(pool, key)))).toEqual(['A', undefined, 'B', 'A']);
    expect(await read(pool, 'c')).toBe('C');
    expect(asked).toEqual([['a', 'none', 'b', 'a'], ['c']]);
  });

  it('keeps databases apart, and statements within their size', async () => {
    const asked: { of: Pool; many: number }[] = [];
    const read = readTogether<number, number>((of, keys) => {
      asked.push({ of, many: keys.length });
      return Promise.resolve(keys);
    });
    const other = {} as Pool;
    const numbers = Array.from({ length: 501 }, (_, index) => index);
    const answers = await Promise.all([...numbers.map((number) => read(pool, number)), read(other, -1)]);
    expect(answers).toEqual([...numbers, -1]);
    expect(asked).toEqual([
      { of: pool, many: 500 },
      { of: pool, many: 1 },
      { of: other, many: 1 },
    ]);
  });

  it('tells everybody who asked of a fault, and asks again the next time', async () => {
    let away = true;
    const read = readTogether<string, string>((_pool, keys) => (away ? Promise.reject(new Error('away')) : Promise.resolve(keys)));
    const both = await Promise.allSettled([read(pool, 'a'), read(pool, 'b')]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    away = false;
    expect(await read(pool, 'a')).toBe('a');
  });
});
