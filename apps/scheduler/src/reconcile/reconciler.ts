import type { EvaluationRequest } from '@runnel/engine';
import { outboxRows } from '@runnel/messaging';
import type { Messaging } from '@runnel/messaging';
import { putValue } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
import { inTransaction, insertOutbox } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import type { ExecutorRegistry } from '../executors/executor-registry.ts';
import type { SchedulerMetrics } from '../metrics.ts';
import type { KnownRun } from '../runs/known-run.ts';
import { outputsOf, requestOf } from '../runs/messages-of.ts';
import type { Messages } from '../runs/messages-of.ts';
import { now } from '../runs/news.ts';
import type { News } from '../runs/news.ts';
import { checkAttempts } from './check-attempts.ts';
import { findQuietRuns, readRuns } from './find-quiet-runs.ts';
import type { QuietRun } from './find-quiet-runs.ts';

export interface ReconcileOptions {
  database: Database;
  objects: ObjectStore;
  sender: Pick<Messaging, 'service' | 'prefix'>;
  registry: ExecutorRegistry;
  stateOf: (run: string) => Promise<KnownRun | undefined>;
  forget: (run: string) => void;
  submit: (news: News) => Promise<void>;
  evaluate: (requests: readonly { run: string; request: EvaluationRequest }[]) => void;
  /** Messages stand in the outbox. */
  onQueued: () => void;
  metrics: SchedulerMetrics;
  onError: (error: unknown, run: string) => void;
}

export interface Reconciling {
  partitions: readonly number[];
  /** Seconds without news; 0: everything is looked at, also what waits for admission. */
  quiet: number;
}

/** Takes up every state that is not final and has had no news for a while (rule 1): asks again, or acts on what happened unheard. */
export async function reconcile(options: ReconcileOptions, { partitions, quiet }: Reconciling): Promise<void> {
  if (partitions.length === 0) return;
  const before = Date.now() - quiet * 1000;
  await reconcileEach(options, await findQuietRuns(options.database.pool, partitions, quiet, quiet === 0), before);
}

/** The same for certain runs; `before`: milliseconds since 1970 since which an attempt must have had no news. */
export async function reconcileRuns(options: ReconcileOptions, runs: readonly string[], before: number): Promise<void> {
  if (runs.length === 0) return;
  await reconcileEach(options, await readRuns(options.database.pool, runs), before);
}

async function reconcileEach(options: ReconcileOptions, runs: readonly QuietRun[], before: number): Promise<void> {
  for (const found of runs) {
    try {
      await reconcileRun(options, found, before);
    } catch (error) {
      options.onError(error, found.run);
    }
  }
}

async function reconcileRun(options: ReconcileOptions, { run, version, phase }: QuietRun, before: number): Promise<void> {
  const { metrics, submit } = options;
  const known = await current(options, run, version);
  if (!known) return;
  // For a run that was only accepted this is the news it waits for; for others it brings the tables in line after loading.
  if (phase === 'accepted' || !known.inLine) {
    metrics.reconciled.inc({ action: 'start' });
    await submit({ run, command: { type: 'start-run', at: now() } });
  }
  const { evaluations, publishing } = known.engine.outstanding(known.state);
  options.evaluate(evaluations.map((request) => ({ run, request })));
  const { news, again } = await checkAttempts(run, known, options.objects, options.registry, before);
  for (const item of news) {
    metrics.reconciled.inc({ action: item.command.type });
    await submit(item);
  }
  const messages = again.flatMap((ref) => requestOf(run, known, ref) ?? []);
  if (publishing && Date.parse(known.state.at) <= before) messages.push(outputsOf(run, known, publishing));
  await sendAgain(options, messages);
}

/** The state as the row has it: what another service appended may not have been told. */
async function current({ stateOf, forget }: ReconcileOptions, run: string, version: number): Promise<KnownRun | undefined> {
  const known = await stateOf(run);
  if (!known || known.state.version >= version) return known;
  forget(run);
  return stateOf(run);
}

async function sendAgain({ database, objects, sender, metrics, onQueued }: ReconcileOptions, all: readonly Messages[]): Promise<void> {
  const messages = all.flatMap((item) => item.messages);
  if (messages.length === 0) return;
  metrics.reconciled.inc({ action: 'ask-again' }, messages.length);
  for (const { key, content } of all.flatMap((item) => item.objects)) {
    crashPoint('scheduler.before-put-again');
    await putValue(objects, key, content);
    crashPoint('scheduler.after-put-again');
  }
  crashPoint('scheduler.before-ask-again');
  await inTransaction(database, (tx) => insertOutbox(tx, outboxRows(sender, messages)));
  crashPoint('scheduler.after-ask-again');
  onQueued();
}
