import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@runnel/service';
import { takeShard, type Leases, type ShardLease } from './take-shard.ts';

const logger = createLogger({ service: 'test', level: 'silent' });
/** Seconds. */
const timing = { renew: 0.1, lease: 3, giveUp: 1.5 };

/** Leases as the API server keeps them: a write names the version that it replaces. */
function leaseTable(): { leases: (reachable?: () => boolean) => Leases; held: Map<string, ShardLease> } {
  const held = new Map<string, ShardLease>();
  let version = 0;
  return {
    held,
    leases: (reachable = () => true) => ({
      read: (name) => (reachable() ? Promise.resolve(held.get(name)) : Promise.reject(new Error('away'))),
      write(name, holder, before) {
        if (!reachable()) return Promise.reject(new Error('away'));
        if (held.get(name)?.version !== before) return Promise.resolve(undefined);
        const lease = { holder, version: String((version += 1)) };
        held.set(name, lease);
        return Promise.resolve(lease);
      },
    }),
  };
}

describe('a shard', () => {
  it('is had by one at a time: the next one waits until it is released', async () => {
    const { leases } = leaseTable();
    const first = await takeShard({ leases: leases(), holder: 'a', shards: ['s'], logger, timing });
    let second: string | undefined;
    const waiting = takeShard({ leases: leases(), holder: 'b', shards: ['s'], logger, timing }).then((taken) => {
      second = taken.name;
      return taken;
    });
    // For longer than a lease: it is renewed.
    await sleep(4000);
    expect(second).toBeUndefined();
    await first.release();
    await (await waiting).release();
    expect(second).toBe('s');
  });

  it('is one that is free', async () => {
    const { leases } = leaseTable();
    const first = await takeShard({ leases: leases(), holder: 'a', shards: ['s', 't'], logger, timing });
    const second = await takeShard({ leases: leases(), holder: 'b', shards: ['s', 't'], logger, timing });
    expect([first.name, second.name]).toEqual(['s', 't']);
    await Promise.all([first.release(), second.release()]);
  });

  it('is given up by who cannot renew it before another one takes it', async () => {
    const { leases, held } = leaseTable();
    let reachable = true;
    const first = await takeShard({ leases: leases(() => reachable), holder: 'a', shards: ['s'], logger, timing });
    let gaveUp = false;
    void first.lost.then(() => (gaveUp = true));
    reachable = false;
    const second = await takeShard({ leases: leases(), holder: 'b', shards: ['s'], logger, timing });
    expect(gaveUp).toBe(true);
    expect(held.get('s')?.holder).toBe('b');
    await second.release();
  });

  it('is lost where another one has it', async () => {
    const { leases, held } = leaseTable();
    const first = await takeShard({ leases: leases(), holder: 'a', shards: ['s'], logger, timing });
    held.set('s', { holder: 'b', version: 'other' });
    await first.lost;
    await first.release();
    expect(held.get('s')?.holder).toBe('b');
  });

  it('is renewed further where the answer to a renewal was lost', async () => {
    const { leases, held } = leaseTable();
    const first = await takeShard({ leases: leases(), holder: 'a', shards: ['s'], logger, timing });
    held.set('s', { holder: 'a', version: 'answer lost' });
    let lost = false;
    void first.lost.then(() => (lost = true));
    await sleep(2000);
    expect(lost).toBe(false);
    await first.release();
    expect(held.get('s')?.holder).toBe('');
  });
});
