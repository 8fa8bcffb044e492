import { setTimeout as sleep } from 'node:timers/promises';
import { check } from './checker.ts';
import type { Cluster } from './cluster.ts';
import { untilDone, type Work } from './workload.ts';

/** Milliseconds for what follows the runs' end: folders, outbox, the ledger (looked after every minute). */
const aftermath = 75_000;

/** Waits for every run, then for what follows it; returns the faults that remain. */
export async function settle(cluster: Cluster, work: readonly Work[], patience = 180_000): Promise<string[]> {
  const open = await untilDone(cluster, work, patience);
  for (const end = Date.now() + aftermath; ;) {
    const faults = [...open.map((run) => `does not end: ${run}`), ...(await check(cluster, work))];
    if (faults.length === 0 || open.length > 0 || Date.now() > end) return faults;
    await sleep(500);
  }
}
