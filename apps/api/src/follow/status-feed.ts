import type { DataOf, RunStatusChanged } from '@runnel/contracts';
import { followStatus } from '@runnel/messaging';
import type { Messaging } from '@runnel/messaging';

export type RunNews = DataOf<typeof RunStatusChanged>;

/** News of runs as they are published: one subscription for all followers of this process. Some may be lost; Postgres has the truth. */
export interface StatusFeed {
  /** Calls `tell` with each news of the run until the returned function is called. */
  watch(run: string, tell: (news: RunNews) => void): () => void;
  /** Likewise of all runs. */
  watchAll(tell: (news: RunNews) => void): () => void;
  close(): Promise<void>;
}

export function openStatusFeed(messaging: Messaging): StatusFeed {
  const watchers = new Map<string, Set<(news: RunNews) => void>>();
  const ofAll = new Set<(news: RunNews) => void>();
  const subscription = followStatus(messaging, ({ data }) => {
    for (const tell of ofAll) tell(data);
    for (const tell of watchers.get(data.run) ?? []) tell(data);
  });
  return {
    watch(run, tell) {
      const found = watchers.get(run) ?? new Set();
      watchers.set(run, found.add(tell));
      return () => {
        found.delete(tell);
        if (found.size === 0 && watchers.get(run) === found) watchers.delete(run);
      };
    },
    watchAll(tell) {
      ofAll.add(tell);
      return () => void ofAll.delete(tell);
    },
    close: () => subscription.close(),
  };
}
