import type { ApiContext } from '../context.ts';
import { findRun, isFinal } from '../runs/find-runs.ts';
import type { RunRow } from '../runs/find-runs.ts';
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
    let version = after ?? -1;
    for (const news of after === undefined ? [await readPresent(database, first)] : await missed(database, first, after)) {
      yield news;
      version = news.version;
    }
    let final = isFinal(first.phase);
    while (!final && !signal.aborted) {
      const { items, lost } = await mailbox.take(patience, signal);
      if (signal.aborted) return;
      const fresh = items.filter((news) => news.version > version).sort((a, b) => a.version - b.version);
      // Silence, or more than we could hold: Postgres tells what we missed.
      const news = fresh.length > 0 && !lost ? fresh : await missedSince(database, run, version);
      if (news.length === 0) yield undefined;
      for (const one of news) yield one;
      version = news.at(-1)?.version ?? version;
      final = isFinal(news.at(-1)?.status ?? 'running');
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
