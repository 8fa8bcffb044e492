import { ensureEventPartitions } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { startLoop } from '@runnel/service';
import type { Loop } from '@runnel/service';
import type { Timing } from './config.ts';
import type { ExecutorRegistry } from './executors/executor-registry.ts';
import { emptyDrained } from './executors/empty-drained.ts';
import { removeLongGone } from './executors/remove-long-gone.ts';
import { runsOn, watchAttempts } from './executors/watch-attempts.ts';
import type { SchedulerMetrics } from './metrics.ts';
import { reconcile, reconcileRuns } from './reconcile/reconciler.ts';
import type { ReconcileOptions } from './reconcile/reconciler.ts';
import type { News } from './runs/news.ts';
import { resendStops } from './stops/resend-stops.ts';
import { dueTimers } from './timers/fire-timers.ts';

export interface BackgroundOptions extends ReconcileOptions {
  database: Database;
  registry: ExecutorRegistry;
  metrics: SchedulerMetrics;
  timing: Timing;
  owned: () => readonly number[];
  submitAll: (news: readonly News[]) => Promise<void>;
  onLoopError: (loop: string) => (error: unknown) => void;
}

export interface Background {
  /** A partition came: what its runs wait for is looked at at once, and again when the executors were heard. */
  gained(partition: number): void;
  /** Postgres or NATS was away, and may have forgotten what it had been told: everything is looked at. */
  broken(): void;
  /** An executor was started: it may have been killed before, and its attempts with it. */
  young(executor: string): void;
  /** Timers were set. */
  timersSet(): void;
  close(): Promise<void>;
}

const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;
/** Milliseconds between looks at attempts. */
const watchEvery = 2 * second;
/** Milliseconds between looks at executors that are being drained. */
const drainEvery = 2 * second;
/** Milliseconds after which a gained partition is looked at again: executors that were there beat when NATS is back; others may be starting too. */
const laterLooks = [3 * second, 10 * second];

/** What a scheduler does by itself: timers, lost executors, reconciling, stops, event partitions. */
export function startBackground(options: BackgroundOptions): Background {
  const { database, registry, metrics, timing, owned, submitAll, onLoopError } = options;
  const loops: Record<string, Loop> = {};
  const start = (name: string, every: number, work: () => Promise<number | void>): void => {
    loops[name] = startLoop(work, every, onLoopError(name));
  };
  const fresh = new Set<number>();
  const begun = new Set<string>();
  const looks = new Set<NodeJS.Timeout>();

  start('timers', 30 * second, async () => {
    const { news, next } = await dueTimers(database.pool, owned());
    await submitAll(news);
    return news.length > 0 ? 0 : next;
  });
  start('attempts', watchEvery, async () => {
    const { lost, forgotten } = await watchAttempts(database.pool, registry, owned());
    metrics.lostSteps.inc(lost.length);
    await submitAll(lost);
    await reconcileRuns(options, [...forgotten], Date.now() - watchEvery);
  });
  start('reconcile', timing.reconcileEvery * second, () => reconcile(options, { partitions: owned(), quiet: timing.quiet }));
  start('gained', day, async () => {
    const partitions = [...fresh];
    fresh.clear();
    await reconcile(options, { partitions, quiet: 0 }).catch((error: unknown) => {
      for (const partition of partitions) fresh.add(partition);
      throw error;
    });
  });
  start('begun', day, async () => {
    const executors = [...begun];
    begun.clear();
    await reconcileRuns(options, await runsOn(database.pool, executors, owned()), Date.now());
  });
  start('drains', drainEvery, async () => submitAll(await emptyDrained(database.pool, owned())));
  start('stops', timing.stopAgain * second, () => resendStops({ ...options, again: timing.stopAgain, alert: timing.stopAlert }, owned()));
  start('event partitions', day, async () => void (await ensureEventPartitions(database.pool, new Date())));
  start('gone', hour, () => removeLongGone(database.pool));

  const look = (partitions: readonly number[]): void => {
    for (const partition of partitions) fresh.add(partition);
    loops['gained']?.wake();
  };
  const lookRepeatedly = (partitions: () => readonly number[]): void => {
    look(partitions());
    for (const pause of laterLooks) {
      const timer = setTimeout(() => {
        looks.delete(timer);
        look(partitions());
      }, pause);
      looks.add(timer);
    }
  };
  return {
    gained: (partition) => {
      lookRepeatedly(() => [partition]);
      loops['timers']?.wake();
    },
    broken: () => lookRepeatedly(owned),
    young: (executor) => {
      begun.add(executor);
      loops['begun']?.wake();
    },
    timersSet: () => loops['timers']?.wake(),
    close: async () => {
      for (const timer of looks) clearTimeout(timer);
      await Promise.all(Object.values(loops).map((loop) => loop.close()));
    },
  };
}
