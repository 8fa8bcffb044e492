import type { ApiContext } from '../context.ts';
import { findRun } from '../runs/find-run.ts';
import { isFinal, type RunRow } from '../runs/run-row.ts';
import { createMailbox } from './mailbox.ts';
import { readMissed, readPresent } from './read-news.ts';
import type { RunNews } from './status-feed.ts';

/** Milliseconds after which Postgres is asked whether news were lost. */
const patience = 5000;
/** News that wait for a slow reader; more are dropped and read from Postgres. */
const capacity = 256;

type Services = Pick<ApiContext, 'database' | 'feed'>;

/**
 * News of a run until it is final or the signal aborts: first what Postgres knows (from version `after` on, where the follower comes back), then
 * the stream's, and again Postgres where the stream was silent. Versions grow; `undefined` is a sign of life without news.
 */
export async function* followRun(
  { database, feed }: Services,
  run: RunRow,
  after: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<RunNews | undefined> {
  const mailbox = createMailbox<RunNews>(capacity);
  const unwatch = feed.watch(run.id, (news) => mailbox.post(news));
  try {
    // Read again after the subscription: nothing falls between the two.
    const first = (await findRun(database, run.workspace, run.id)) ?? run;
    let latest: RunNews | undefined;
    for (const news of after === undefined ? [await readPresent(database, first)] : await missed(database, first, after)) {
      yield news;
      latest = news;
    }
    // What Postgres has told; news up to there are old, those after it are new even where they come out of order.
    let told = latest?.version ?? after ?? 0;
    let final = isFinal(first.phase);
    while (!final && !signal.aborted) {
      const { items, lost } = await mailbox.take(patience, signal);
      if (signal.aborted) return;
      const arrived = items.filter((news) => news.version > told).sort((a, b) => a.version - b.version);
      const silent = arrived.length === 0 || lost;
      // Silence, or more than we could hold: Postgres tells what we missed.
      const news = silent ? await missedSince(database, run, lost ? told : (latest?.version ?? told)) : arrived;
      if (news.length === 0) yield undefined;
      for (const one of news) {
        if (!latest || one.version > latest.version) yield (latest = one);
        else if (one.steps.length > 0) yield { ...latest, steps: one.steps };
      }
      if (silent) told = latest?.version ?? told;
      final = isFinal(latest?.status ?? 'running');
    }
  } finally {
    unwatch();
  }
}

async function missedSince(database: Services['database'], run: RunRow, version: number): Promise<RunNews[]> {
  const present = await findRun(database, run.workspace, run.id);
  return present ? missed(database, present, version) : [];
}

async function missed(database: Services['database'], run: RunRow, after: number): Promise<RunNews[]> {
  return run.version > after ? readMissed(database, run, after) : [];
}

/** The run once it is final, or as it is after `milliseconds`. */
export async function waitForEnd(services: Services, run: RunRow, milliseconds: number, stopping: AbortSignal): Promise<RunRow> {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(milliseconds)]);
  for await (const news of followRun(services, run, undefined, signal)) if (news && isFinal(news.status)) break;
  return (await findRun(services.database, run.workspace, run.id)) ?? run;
}
