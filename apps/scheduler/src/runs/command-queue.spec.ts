import { describe, expect, it } from '@jest/globals';
import { ServiceUnavailable } from '@runnel/service';
import { createCommandQueue, PartitionClosed } from './command-queue.ts';
import { createGathering } from './gather.ts';
import type { News } from './news.ts';

const news = (run: string): News => ({ run, command: { type: 'start-run', at: '2026-11-21T12:00:00.000Z' } });
const runsOf = (batch: readonly News[]): string => batch.map(({ run }) => run).join('');

describe('command queue', () => {
  it('puts what waits into one batch, one batch at a time', async () => {
    const batches: string[] = [];
    let release = (): void => undefined;
    const queue = createCommandQueue(
      async (batch) => {
        batches.push(runsOf(batch));
        await new Promise<void>((resolve) => (release = resolve));
      },
      createGathering(() => 0),
    );
    const first = queue.submit([news('a')]);
    await Promise.resolve();
    const later = Promise.all([queue.submit([news('b')]), queue.submit([news('c'), news('d')])]);
    release();
    await first;
    await new Promise(setImmediate);
    release();
    await later;
    expect(batches).toEqual(['a', 'bcd']);
  });

  it('fails only the submission that is at fault', async () => {
    const done: string[] = [];
    const queue = createCommandQueue(
      async (batch) => {
        if (batch.some(({ run }) => run === 'bad')) throw new Error('a bug');
        done.push(runsOf(batch));
      },
      createGathering(() => 0),
    );
    const results = await Promise.allSettled([queue.submit([news('a')]), queue.submit([news('bad')]), queue.submit([news('b')])]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(done).toEqual(['a', 'b']);
  });

  it('does not try each one while the database is away', async () => {
    let calls = 0;
    const queue = createCommandQueue(
      async () => {
        calls += 1;
        throw new ServiceUnavailable('Postgres');
      },
      createGathering(() => 0),
    );
    const results = await Promise.allSettled([queue.submit([news('a')]), queue.submit([news('b')])]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(calls).toBe(1);
  });

  it('gathers news that can wait, until some come that cannot', async () => {
    const batches: string[] = [];
    const gathering = { pause: (items: readonly News[]) => (runsOf(items).includes('small') ? 0 : 3_600_000), ran: () => undefined };
    const queue = createCommandQueue(async (batch) => void batches.push(runsOf(batch)), gathering);
    const wide = Promise.all([queue.submit([news('a')]), queue.submit([news('b')])]);
    await new Promise(setImmediate);
    expect(batches).toEqual([]);
    await Promise.all([queue.submit([news('small')]), wide]);
    expect(batches).toEqual(['absmall']);
    const last = queue.submit([news('c')]);
    await new Promise(setImmediate);
    await Promise.all([queue.close(), last]);
    expect(batches).toEqual(['absmall', 'c']);
  });

  it('finishes what is under way when it closes, and refuses the rest', async () => {
    const done: string[] = [];
    const queue = createCommandQueue(
      async (batch) => void done.push(runsOf(batch)),
      createGathering(() => 0),
    );
    const submitted = queue.submit([news('a')]);
    await queue.close();
    await submitted;
    await expect(queue.submit([news('b')])).rejects.toThrow(PartitionClosed);
    expect(done).toEqual(['a']);
  });
});
