import { describe, expect, it } from '@jest/globals';
import { createFairQueue } from './fair-queue.ts';

describe('fair queue', () => {
  it('takes one piece of each workspace in turn', async () => {
    const order: string[] = [];
    const queue = createFairQueue(1);
    const done = new Promise<void>((resolve) => {
      const push = (workspace: string, name: string): void =>
        queue.push(workspace, async () => {
          order.push(name);
          if (order.length === 6) resolve();
        });
      for (const name of ['a1', 'a2', 'a3', 'a4']) push('a', name);
      for (const name of ['b1', 'b2']) push('b', name);
    });
    await done;
    expect(order).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'a4']);
  });

  it('runs no more at once than it may, and drops what waits at the end', async () => {
    let running = 0;
    let most = 0;
    let ended = 0;
    const queue = createFairQueue(2);
    for (let n = 0; n < 10; n++) {
      queue.push('a', async () => {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        running -= 1;
        ended += 1;
      });
    }
    await queue.close();
    expect({ most, ended }).toEqual({ most: 2, ended: 2 });
  });
});
