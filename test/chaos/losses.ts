import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { loseNews } from './driven.ts';
import { settle } from './settle.ts';
import { startWork, type Work } from './workload.ts';

/** Disasters in the middle of runs, after which the runs still have to end right. */
export const losses: Record<string, (cluster: Cluster) => Promise<void>> = {
  'nothing happens': () => Promise.resolve(),
  'everything is killed at once and started again': async (cluster) => {
    await Promise.all([cluster.killPostgres(), cluster.killNats(), ...[...cluster.services.keys()].map((name) => cluster.kill(name))]);
    await Promise.all([cluster.startPostgres(), cluster.startNats()]);
    for (const name of [...cluster.services.keys()]) cluster.start(name);
  },
  'Postgres is killed': async (cluster) => {
    await cluster.killPostgres();
    await sleep(1000);
    await cluster.startPostgres();
  },
  'NATS is killed': async (cluster) => {
    await cluster.killNats();
    await sleep(1000);
    await cluster.startNats();
  },
  "JetStream's folder is deleted": (cluster) => cluster.loseJetStream(),
  "JetStream's folder is deleted with news of a commit that nobody has handled": loseNews,
  'the database goes back to a copy from the middle of the runs': async (cluster) => {
    const copy = await cluster.copyPostgres();
    await sleep(700);
    await cluster.restorePostgres(copy);
  },
};

/** Starts runs, lets the disaster happen while they are under way, returns the faults that remain. */
export async function survive(cluster: Cluster, happen: (cluster: Cluster) => Promise<void>): Promise<string[]> {
  const work: Work[] = [];
  for (let n = 0; n < 6; n += 1) work.push(await startWork(cluster, n, 60));
  await sleep(300);
  await happen(cluster);
  return settle(cluster, work);
}
