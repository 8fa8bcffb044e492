import { describe, expect, it } from '@jest/globals';
import { startLoop } from './loop.ts';

describe('loop', () => {
  it('runs at once, and again for any number of wakes meanwhile', async () => {
    let runs = 0;
    const loop = startLoop(
      async () => {
        runs += 1;
        await Promise.resolve();
        if (runs === 1) for (let n = 0; n < 5; n++) loop.wake();
      },
      60_000,
      () => undefined,
    );
    await new Promise(setImmediate);
    await loop.close();
    expect(runs).toBe(2);
  });

  it('runs again after the pause its work asks for', async () => {
    let runs = 0;
    await new Promise<void>((resolve) => {
      const loop = startLoop(
        async () => {
          runs += 1;
          if (runs === 3) void loop.close().then(resolve);
          return 1;
        },
        60_000,
        () => undefined,
      );
    });
    expect(runs).toBe(3);
  });

  it('pauses also after work that returns what its type does not say', async () => {
    let runs = 0;
    const work = async (): Promise<void> => {
      runs += 1;
      return { labelHash: '' } as never;
    };
    const loop = startLoop(work, 60_000, () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await loop.close();
    expect(runs).toBe(1);
  });

  it('tells of a fault and goes on', async () => {
    const faults: unknown[] = [];
    let runs = 0;
    const loop = startLoop(
      async () => {
        runs += 1;
        if (runs === 1) throw new Error('away');
      },
      60_000,
      (error) => faults.push(error),
    );
    await new Promise(setImmediate);
    loop.wake();
    await new Promise(setImmediate);
    await loop.close();
    expect({ runs, faults: faults.length }).toEqual({ runs: 2, faults: 1 });
  });

  it('runs nothing once it is closed', async () => {
    let runs = 0;
    const loop = startLoop(
      async () => void (runs += 1),
      1,
      () => undefined,
    );
    await loop.close();
    const before = runs;
    loop.wake();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(runs).toBe(before);
  });
});
