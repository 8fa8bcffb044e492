import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { eventually } from '@runnel/testing';
import { install } from '../spec/installation.ts';
import type { Installation } from '../spec/installation.ts';
import { startPartitionLeases } from './partition-leases.ts';

jest.setTimeout(60_000);

let at: Installation;

beforeEach(async () => {
  at = await install();
});

afterEach(() => at.close());

it('tells of a partition that goes and comes back one after the other, however long each takes', async () => {
  const { pool } = at.database;
  const underWay = new Set<number>();
  const here = new Set<number>();
  const faults: string[] = [];
  let lost = 0;
  const slowly = async (what: string, partition: number, done: () => void): Promise<void> => {
    if (underWay.has(partition)) faults.push(`${what} ${partition} while something else of it was under way`);
    underWay.add(partition);
    await sleep(700);
    underWay.delete(partition);
    done();
  };
  const events = {
    gained: (partition: number) => slowly('gained', partition, () => void here.add(partition)),
    lost: (partition: number) =>
      slowly('lost', partition, () => {
        lost += 1;
        here.delete(partition);
      }),
  };
  const leases = startPartitionLeases(at.database, events, {
    scheduler: 's',
    leaseSeconds: 4,
    onError: (error) => faults.push(String(error)),
  });
  await eventually('all are here', () => here.size === 16);
  // Renewing has to wait until the leases are over.
  const blocker = await pool.connect();
  await blocker.query('begin; select from partitions for update');
  await eventually('they are being given back', () => lost > 0 || underWay.size > 0);
  await blocker.query('commit');
  blocker.release();
  await eventually('all are here again', () => lost >= 16 && leases.owned().length === 16 && here.size === 16 && underWay.size === 0);
  await leases.close();
  expect([faults, here.size]).toEqual([[], 0]);
});
