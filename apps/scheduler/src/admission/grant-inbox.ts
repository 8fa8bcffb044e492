import type { Pool } from 'pg';
import { startLoop } from '../loop.ts';
import type { News } from '../runs/news.ts';
import { grantsFor } from './take-grants.ts';

export interface GrantInbox {
  /** Grants stand in the table for these runs, which are owned here. */
  arrived(runs: readonly string[]): void;
  close(): Promise<void>;
}

/** Turns rows of grants into news, each once however often it is told. */
export function startGrantInbox(pool: Pool, submit: (news: readonly News[]) => Promise<void>, onError: (error: unknown) => void): GrantInbox {
  const told = new Set<string>();
  const underWay = new Set<string>();

  const take = async (): Promise<void> => {
    if (told.size === 0) return;
    const runs = [...told];
    told.clear();
    const news = (await grantsFor(pool, runs)).filter((item) => !underWay.has(item.grant?.id ?? ''));
    // Grants of one run together, so that another run's fault is not theirs; and without waiting: the next grants may be other runs'.
    for (const items of Map.groupBy(news, (item) => item.run).values()) void hand(items);
  };
  const hand = async (items: readonly News[]): Promise<void> => {
    const ids = items.flatMap((item) => (item.grant ? [item.grant.id] : []));
    for (const id of ids) underWay.add(id);
    try {
      await submit(items);
    } catch (error) {
      // The row still stands: the admitter tells of it again.
      onError(error);
    } finally {
      for (const id of ids) underWay.delete(id);
    }
  };
  const loop = startLoop(take, 60_000, onError);
  return {
    arrived: (runs) => {
      for (const run of runs) told.add(run);
      if (runs.length > 0) loop.wake();
    },
    close: loop.close,
  };
}
