import { StepFinished } from '@runnel/contracts';
import { ObjectNotFound, readValue } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
import type { ExecutorRegistry } from '../executors/executor-registry.ts';
import { acceptedOf } from '../runs/known-run.ts';
import type { KnownRun } from '../runs/known-run.ts';
import { newsOfFinished } from '../runs/news-of-finished.ts';
import { now } from '../runs/news.ts';
import type { News } from '../runs/news.ts';

/** What is to be done about attempts without news. */
export interface AttemptFindings {
  news: News[];
  /** Attempts to ask for again. */
  again: { step: string; attempt: number }[];
}

/** Milliseconds by which the clocks and ways of a heartbeat and of news may differ. */
const tolerance = 2000;
/** Bytes of a result object. */
const largestResult = 16 * 1024 * 1024;

/**
 * Looks after attempts that were asked for before `before` (milliseconds since 1970): an executor that reports one has it; else its result object
 * tells how it ended; else an executor that lives and does not report it never heard of it, or has forgotten it.
 */
export async function checkAttempts(
  run: string,
  known: KnownRun,
  objects: ObjectStore,
  registry: ExecutorRegistry,
  before: number,
): Promise<AttemptFindings> {
  const findings: AttemptFindings = { news: [], again: [] };
  const { workspace } = acceptedOf(known.state);
  const quiet = [...known.state.attempts].filter(([, { state, since }]) => state !== 'stopping' && Date.parse(since) <= before);
  for (const [step, { attempt, executor, state, since }] of quiet) {
    if (registry.reports(executor, run, step, attempt)) continue;
    // Asked for before the object is looked for: it is written before the executor stops reporting.
    const silent = (registry.heardAt(executor) ?? 0) > Date.parse(since) + tolerance;
    const finished = await readResult(objects, `${workspace}/attempts/${run}/${step}/${attempt}/result.json`);
    if (finished) findings.news.push(finished);
    else if (!registry.isAlive(executor) || !silent) continue;
    else if (state === 'requested') findings.again.push({ step, attempt });
    else findings.news.push({ run, command: { type: 'lose-step', at: now(), step, attempt, executor } });
  }
  return findings;
}

async function readResult(objects: ObjectStore, key: string): Promise<News | undefined> {
  try {
    const parsed = StepFinished.schema.safeParse(await readValue(objects, key, largestResult));
    return parsed.success ? newsOfFinished(parsed.data) : undefined;
  } catch (error) {
    if (error instanceof ObjectNotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
