import type { RunPhase, RunState, RunSummary } from '@runnel/engine';
import type { Write } from '@runnel/postgres';
import type { Folded } from '../fold-news.ts';

/** A run's row after a batch. */
export interface RunChange extends Pick<RunSummary, 'phase' | 'progress' | 'message' | 'failure'> {
  run: string;
  version: number;
  document?: string;
  stopped: boolean;
  startedAt?: string;
  finishedAt?: string;
  at: string;
}

export const isFinal = (phase: RunPhase): boolean => phase === 'successful' || phase === 'failed' || phase === 'dismissed';

/** Nothing of it runs any more, and nothing will. */
export const isStopped = (state: RunState): boolean => isFinal(state.phase) && (state.stopped || state.attempts.size === 0);

export function runChange({ run, known: { engine, state }, decided }: Folded): RunChange {
  const { phase, progress, message, failure } = engine.summary(state);
  const change: RunChange = { run, version: state.version, phase, progress, message, stopped: isStopped(state), at: state.at };
  if (failure) change.failure = failure;
  for (const { event } of decided) {
    if (event.type === 'run.started') change.startedAt = event.at;
    if (event.type === 'run.dismissed') change.finishedAt = event.at;
    if (event.type !== 'run.finished') continue;
    change.finishedAt = event.at;
    if (event.data.document !== undefined) change.document = event.data.document;
  }
  return change;
}

/** How the attention begins that a run needs while a stop is not confirmed; it ends with the confirmation. */
export const unconfirmed = 'not confirmed as stopped';

export function runWrites(changes: readonly RunChange[]): Write[] {
  if (changes.length === 0) return [];
  return [
    {
      name: 'update-runs',
      text: `
update runs r set
  version = c.version, phase = c.phase, progress = c.progress, message = c.message, failure = coalesce(c.failure, r.failure),
  document = coalesce(c.document, r.document), stopped = c.stopped, started_at = coalesce(r.started_at, c.started_at),
  finished_at = coalesce(r.finished_at, c.finished_at), updated_at = greatest(r.updated_at, now()),
  attention = case when c.stopped and r.attention like '${unconfirmed}%' then null else r.attention end
from unnest($1::uuid[], $2::int[], $3::text[], $4::int[], $5::text[], $6::jsonb[], $7::text[], $8::boolean[], $9::timestamptz[], $10::timestamptz[])
  as c (run_id, version, phase, progress, message, failure, document, stopped, started_at, finished_at)
where r.id = c.run_id`,
      values: [
        changes.map((change) => change.run),
        changes.map((change) => change.version),
        changes.map((change) => change.phase),
        changes.map((change) => change.progress),
        changes.map((change) => change.message),
        changes.map((change) => (change.failure ? JSON.stringify(change.failure) : null)),
        changes.map((change) => change.document ?? null),
        changes.map((change) => change.stopped),
        changes.map((change) => change.startedAt ?? null),
        changes.map((change) => change.finishedAt ?? null),
      ],
    },
  ];
}
