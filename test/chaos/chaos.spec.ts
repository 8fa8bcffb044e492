import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startCluster, type Cluster } from './cluster.ts';
import { losses, survive } from './losses.ts';
import { randomKills } from './random-kills.ts';
import { deployAll } from './workload.ts';

let cluster: Cluster;
let keep = false;

beforeAll(async () => {
  cluster = await startCluster();
  await deployAll(cluster);
}, 120_000);

afterAll(() => cluster.end(keep), 60_000);

/** Faults, and where to look: a failing run's folder is kept. */
function expectNone(faults: readonly string[], about: object = {}): void {
  keep ||= faults.length > 0;
  expect({ ...about, faults, folder: keep ? cluster.folder : '' }).toEqual({ ...about, faults: [], folder: '' });
}

describe('runs survive', () => {
  it.each(Object.entries(losses))('%s', async (_name, happen) => expectNone(await survive(cluster, happen)), 300_000);

  it('50 random kills of services, Postgres and NATS', async () => {
    const seed = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);
    const { faults, kills } = await randomKills(cluster, 50, seed);
    expectNone(faults, { seed });
    expect(Object.values(kills).reduce((sum, n) => sum + n, 0)).toBe(50);
  }, 600_000);
});
