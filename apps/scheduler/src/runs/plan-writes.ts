import type { AttemptRef, EvaluationRequest } from '@runnel/engine';
import type { Outgoing } from '@runnel/messaging';
import type { ResultRow, RunAppend } from '@runnel/postgres';
import type { Folded } from './fold-news.ts';
import { acceptedOf } from './known-run.ts';
import type { KnownRun } from './known-run.ts';
import { messagesOf, statusOf, stopsOf, valuesPrefix } from './messages-of.ts';
import type { News } from './news.ts';
import { offloadEvent } from './offload-values.ts';
import { rowOf } from './plain-results.ts';
import { isFinal, runChange } from './project/runs-row.ts';
import type { RunChange } from './project/runs-row.ts';
import { stepChanges } from './project/steps.ts';
import type { StepChange } from './project/steps.ts';
import { timerChanges } from './project/timers.ts';
import type { RunLimits, TimerChanges } from './project/timers.ts';

/** Attempts of a run whose executors are to be asked to stop. */
export interface Stops {
  run: string;
  known: KnownRun;
  attempts: (AttemptRef & { executor: string })[];
}

/** Everything one batch writes: objects first, then one transaction. */
export interface Writes {
  news: News[];
  folded: readonly Folded[];
  objects: { key: string; content: unknown }[];
  results: ResultRow[];
  appends: RunAppend[];
  messages: Outgoing[];
  runs: RunChange[];
  steps: StepChange[];
  timers: TimerChanges;
  stops: Stops[];
  /** New for runs already in memory, all for runs just loaded. */
  evaluations: { run: string; request: EvaluationRequest }[];
  /** Old news only: nothing is to be written. */
  isEmpty: boolean;
}

export function planWrites(folded: readonly Folded[], limits: RunLimits): Writes {
  const timers = timerChanges(folded, limits);
  const news = folded.flatMap((item) => item.news);
  const writes: Writes = {
    news,
    folded,
    objects: [],
    results: [],
    appends: [],
    messages: [],
    runs: [],
    steps: [],
    timers,
    stops: [],
    evaluations: [],
    isEmpty: true,
  };
  for (const item of folded) if (item.decided.length > 0 || !item.known.inLine) planRun(item, writes);
  writes.isEmpty = writes.runs.length === 0 && timers.done.length === 0 && news.every((item) => item.grant === undefined);
  return writes;
}

function planRun(folded: Folded, writes: Writes): void {
  const { run, known, version, decided, results } = folded;
  const { workspace } = acceptedOf(known.state);
  const events = decided.map(({ event }, index) => offloadEvent(event, `${valuesPrefix(workspace, run, 'events')}/${version + 1 + index}`));
  const { messages, objects } = messagesOf(folded);
  const { traceparent } = known;
  const stops = stopsNow(folded);
  const steps = stepChanges(folded, stops.attempts);
  const change = runChange(folded);
  if (events.length > 0) writes.appends.push({ runId: run, expectedVersion: version, events: events.map(({ event }) => event) });
  writes.objects.push(...folded.objects, ...objects, ...events.flatMap((event) => event.objects));
  if (results) writes.results.push(rowOf(run, results));
  const status = events.length > 0 ? [statusOf(workspace, change, steps)] : [];
  const all = [...messages, ...stopsOf(run, workspace, stops.attempts), ...status];
  writes.messages.push(...all.map((message) => ({ ...message, traceparent })));
  writes.runs.push(change);
  writes.steps.push(...steps);
  if (stops.attempts.length > 0) writes.stops.push(stops);
  const evaluations = known.inLine ? folded.evaluations : known.engine.outstanding(known.state).evaluations;
  writes.evaluations.push(...evaluations.map((request) => ({ run, request })));
}

function stopsNow({ run, known, decided }: Folded): Stops {
  const { state, stopsSent } = known;
  const recalls = decided.some(({ event }) => event.type === 'step.recalled');
  if (!state.fault && !isFinal(state.phase) && !recalls) return { run, known, attempts: [] };
  const attempts = [...state.attempts]
    .filter(([step, attempt]) => attempt.state === 'stopping' && !stopsSent.has(`${step}#${attempt.attempt}`))
    .map(([step, { attempt, executor }]) => ({ step, attempt, executor }));
  return { run, known, attempts };
}
