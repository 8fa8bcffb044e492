import { describe, expect, it } from '@jest/globals';
import { ServiceUnavailable } from './faults.ts';
import { gatherWrites } from './gather-writes.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('gatherWrites', () => {
  it('takes what comes while one is under way into the next one together', async () => {
    const batches: string[] = [];
    let release = (): void => undefined;
    const write = gatherWrites(async (batch: readonly string[]) => {
      batches.push(batch.join(''));
      await new Promise<void>((resolve) => (release = resolve));
      return batch.map((item) => item.toUpperCase());
    });
    const first = Promise.all([write('a'), write('b')]);
    await nextTurn();
    await nextTurn();
    const later = Promise.all([write('c'), write('d')]);
    await nextTurn();
    expect(batches).toEqual(['ab']);
    release();
    expect(await first).toEqual(['A', 'B']);
    await nextTurn();
    release();
    expect(await later).toEqual(['C', 'D']);
    expect(batches).toEqual(['ab', 'cd']);
  });

  it('goes past one that takes too long', async () => {
    const ends = new Map<string, () => void>();
    const write = gatherWrites(
      async (batch: readonly string[]) => {
        await new Promise<void>((resolve) => ends.set(batch.join(''), resolve));
        return batch;
      },
      { patience: 1 },
    );
    const slow = write('slow');
    await nextTurn();
    await nextTurn();
    const quick = write('quick');
    while (!ends.has('quick')) await nextTurn();
    ends.get('quick')?.();
    expect(await quick).toBe('quick');
    ends.get('slow')?.();
    expect(await slow).toBe('slow');
    const next = write('next');
    while (!ends.has('next')) await nextTurn();
    ends.get('next')?.();
    expect(await next).toBe('next');
  });

  it('tries each alone where they are refused, none where the database is away', async () => {
    const tried: string[] = [];
    const write = gatherWrites(async (batch: readonly string[]) => {
      tried.push(batch.join(''));
      if (batch.includes('x')) throw new Error('refused');
      if (batch.includes('y')) throw new ServiceUnavailable('away');
      return batch;
    });
    const refused = await Promise.allSettled([write('a'), write('x'), write('b')]);
    expect(refused.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const away = await Promise.allSettled([write('c'), write('y')]);
    expect(away.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(tried).toEqual(['axb', 'a', 'x', 'b', 'cy']);
  });
});
