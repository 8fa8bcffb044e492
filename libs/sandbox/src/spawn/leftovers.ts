import { setTimeout as delay } from 'node:timers/promises';

import { belongsTo, listPids, signal } from './process-tree.ts';

/**
 * Finds processes that left their tool's process group, where there is no namespace that holds them: by the folders of their environment. What
 * ran before the first tool is not looked at.
 */
export interface Leftovers {
  /** Kills what belongs to these folders now; returns how many were found. */
  kill(folders: Iterable<string>): number;
  /** Kills until nothing is found any more. */
  killAll(folders: string[]): Promise<void>;
}

export function createLeftovers(): Leftovers {
  let foreign = new Set(listPids());

  function kill(folders: Iterable<string>): number {
    const present = listPids();
    const remembered = foreign;
    foreign = new Set(present.filter((pid) => remembered.has(pid)));
    const wanted = [...folders];
    let found = 0;
    for (const pid of present) {
      if (remembered.has(pid) || pid === process.pid) continue;
      if (belongsTo(pid, wanted) && signal(pid, 'SIGKILL')) found += 1;
    }
    return found;
  }

  return {
    kill,
    async killAll(folders) {
      while (kill(folders) > 0) await delay(5);
    },
  };
}
