import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { pushCommit, sendEvent } from './driven.ts';
import { serviceNames } from './service-process.ts';
import { settle } from './settle.ts';
import { startWork, untilFew, type Work } from './workload.ts';

export interface KillReport {
  /** How often each was killed. */
  kills: Record<string, number>;
  runs: number;
  faults: string[];
}

/** A repeatable random sequence (mulberry32): the seed of a failing run shows it again. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Kills a random part again and again (SIGKILL), starting each anew at once, while runs go on; then everything has to be as if nothing had happened. */
export async function randomKills(
  cluster: Cluster,
  count: number,
  seed: number,
  say: (line: string) => void = () => undefined,
): Promise<KillReport> {
  const random = randomNumbers(seed);
  const work: Work[] = [];
  const kills: Record<string, number> = {};
  const feeding = new AbortController();
  const feed = feedWork(cluster, work, feeding.signal);
  for (let n = 0; n < count; n += 1) {
    const victim = await killOne(cluster, random);
    kills[victim] = (kills[victim] ?? 0) + 1;
    if ((n + 1) % 10 === 0) say(`${n + 1} kills, ${work.length} runs`);
  }
  feeding.abort();
  await feed;
  return { kills, runs: work.length, faults: await settle(cluster, work) };
}

/** Runs under way at the most. */
const crowd = 40;

/** Keeps a few runs under way all the time, with events that start more, and a branch that moves. */
async function feedWork(cluster: Cluster, work: Work[], signal: AbortSignal): Promise<void> {
  for (let n = 0; !signal.aborted; n += 1) {
    await untilFew(cluster, crowd, signal);
    work.push(await startWork(cluster, n));
    await sendEvent(cluster);
    if (n % 5 === 0) pushCommit(cluster);
    await sleep(300);
  }
}

async function killOne(cluster: Cluster, random: () => number): Promise<string> {
  const [pick, whileItStarts, pause] = [random(), random() < 0.15, random() * 1000];
  if (pick < 0.12) {
    await sleep(pause);
    return pick < 0.06 ? killPostgres(cluster) : killNats(cluster);
  }
  const victim = serviceNames[Math.floor(random() * serviceNames.length)] ?? 'scheduler';
  if (!whileItStarts) await cluster.services.get(`${victim}-0`)?.ready;
  await sleep(pause);
  await cluster.kill(`${victim}-0`);
  cluster.start(`${victim}-0`);
  return victim;
}

async function killPostgres(cluster: Cluster): Promise<string> {
  await cluster.killPostgres();
  await cluster.startPostgres();
  return 'Postgres';
}

async function killNats(cluster: Cluster): Promise<string> {
  await cluster.killNats();
  await cluster.startNats();
  return 'NATS';
}
