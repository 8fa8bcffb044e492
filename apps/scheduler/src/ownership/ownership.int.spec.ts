import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@runnel/testing';
import { wide } from '../spec/documents.ts';
import { install } from '../spec/installation.ts';
import type { Installation } from '../spec/installation.ts';
import { startPartitionLeases } from './partition-leases.ts';
import type { PartitionEvents } from './partition-leases.ts';

jest.setTimeout(60_000);

let at: Installation;

beforeEach(async () => {
  at = await install();
});

afterEach(() => at.close());

describe('a scheduler that could not renew in time', () => {
  it('takes a partition anew only when what it did with it before has ended', async () => {
    const working = new Set<number>();
    const twice: number[] = [];
    const ended = Promise.withResolvers<void>();
    const events: PartitionEvents = {
      gained: async (partition) => void (working.has(partition) ? twice.push(partition) : working.add(partition)),
      lost: async (partition) => {
        await ended.promise;
        working.delete(partition);
      },
    };
    const leases = startPartitionLeases(at.database, events, { scheduler: 'late', leaseSeconds: 1, onError: () => undefined });
    await eventually('it has all', () => leases.owned().length === 16);
    const other = await at.database.pool.connect();
    await other.query('begin; lock table partitions');
    await eventually('its leases are over', () => leases.owned().length === 0);
    await other.query('commit');
    other.release();
    await eventually('it asked again', async () => {
      const { rows } = await at.database.pool.query("select 1 from schedulers where id = 'late' and lease_until > now()");
      return rows.length > 0;
    });
    expect(leases.owned()).toEqual([]);
    ended.resolve();
    await eventually('it has all again, and works on them', () => leases.owned().length === 16 && working.size === 16);
    expect(twice).toEqual([]);
    await leases.close();
  });
});

describe('two schedulers', () => {
  it('share the partitions, and one takes over at once what the other gives back', async () => {
    const first = await at.scheduler({ partitionLease: 4 });
    await eventually('the first has all', () => first.owned().length === 16);
    const second = await at.scheduler({ partitionLease: 4 });
    await eventually('both have half', () => first.owned().length === 8 && second.owned().length === 8);
    expect([...first.owned(), ...second.owned()].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, index) => index));
    await first.close();
    await eventually('the second has all', () => second.owned().length === 16);
    const { rows } = await at.database.pool.query<{ owner: string; epoch: string }>('select owner, epoch from partitions');
    expect(new Set(rows.map(({ owner }) => owner))).toEqual(new Set([second.id]));
    expect(rows.every(({ epoch }) => Number(epoch) >= 2)).toBe(true);
  });

  it('end every run while partitions move between them', async () => {
    const executor = await at.executor({ slots: 8, cores: 8 });
    at.ingester();
    const first = await at.scheduler({ partitionLease: 2, reconcileEvery: 2, quiet: 2 });
    const runs = await Promise.all(
      Array.from({ length: 8 }, () => at.accept(wide, { list: Array.from({ length: 20 }, (_, index) => index) })),
    );
    const second = await at.scheduler({ partitionLease: 2, reconcileEvery: 2, quiet: 2 });
    await eventually('the second has some', () => second.owned().length > 0);
    await first.close();
    for (const run of runs) expect(await at.ended(run)).toMatchObject({ phase: 'successful' });
    for (const run of runs) {
      const events = await at.events(run);
      const finished = events.flatMap((event) => (event.type === 'step.finished' ? [event.data.step] : []));
      expect(new Set(finished).size).toBe(20);
      expect(finished).toHaveLength(20);
    }
    expect(new Set(executor.requests.map(({ run }) => run)).size).toBe(8);
  });
});
