import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '@runnel/testing';
import { startCluster, type Cluster } from '../chaos/cluster.ts';
import { settle } from '../chaos/settle.ts';
import { deployAll, startWork, type Work } from '../chaos/workload.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ count: { scheduler: 2, executor: 2 } });
  await deployAll(cluster);
}, 120_000);
afterAll(() => cluster.end(), 60_000);

async function ownersOfPartitions(): Promise<Map<string, number>> {
  const { rows } = await cluster.db.pool.query<{ owner: string; n: number }>(
    'select owner, count(*)::integer as n from partitions where lease_until > now() group by owner',
  );
  return new Map(rows.map(({ owner, n }) => [owner, n]));
}

it('two schedulers share the partitions, two executors the steps; where one of each dies, the others take over', async () => {
  await eventually('the partitions are shared', async () => [...(await ownersOfPartitions()).values()].sort().join() === '8,8', 60_000);
  const work: Work[] = [];
  for (let n = 0; n < 4; n += 1) work.push(await startWork(cluster, 0, 80));
  await eventually(
    'both executors work',
    async () => {
      const { rows } = await cluster.db.pool.query<{ n: number }>('select count(distinct executor)::integer as n from steps');
      return rows[0]?.n === 2;
    },
    60_000,
  );
  await Promise.all([cluster.kill('scheduler-0'), cluster.kill('executor-0')]);
  expect(await settle(cluster, work)).toEqual([]);
  expect([...(await ownersOfPartitions()).values()]).toEqual([16]);
}, 300_000);
