import { setTimeout as delay } from 'node:timers/promises';

import { belongsTo, listPids, signal } from './process-tree.ts';

/** Milliseconds after which a killed process that is still there is a fault of the machine. */
const patience = 10_000;

/**
 * Kills what an earlier process of ours, itself killed, left at work below this folder; resolves when nothing of it is there any more. Only for
 * a folder that no living process of ours uses.
 */
export async function endLeftBehind(workRoot: string): Promise<void> {
  for (const end = performance.now() + patience; ;) {
    const left = listPids().filter((pid) => pid !== process.pid && belongsTo(pid, [workRoot]));
    if (left.length === 0) return;
    if (performance.now() > end) throw new Error(`processes that worked below ${workRoot} cannot be ended: ${left.join(', ')}`);
    for (const pid of left) signal(pid, 'SIGKILL');
    await delay(10);
  }
}
