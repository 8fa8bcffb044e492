import { limitKey } from '@runnel/engine';
import type { RunEvent, TimerKind } from '@runnel/engine';
import type { Write } from '@runnel/postgres';
import { partitionOf } from '@runnel/contracts';
import type { Folded } from '../fold-news.ts';
import { isFinal } from './runs-row.ts';

/** Seconds; 0: no limit. How long a run and its steps may take stands in the run. */
export interface RunLimits {
  publish: number;
}

interface TimerRow {
  run: string;
  kind: TimerKind;
  key: string;
  dueAt: string;
}

/** Timers that a batch sets and those it is done with; `ended`: runs that need none any more. */
export interface TimerChanges {
  set: TimerRow[];
  done: Omit<TimerRow, 'dueAt'>[];
  ended: string[];
}

const after = (at: string, seconds: number): string => new Date(Date.parse(at) + seconds * 1000).toISOString();

export function timerChanges(folded: readonly Folded[], limits: RunLimits): TimerChanges {
  const changes: TimerChanges = { set: [], done: [], ended: [] };
  for (const { run, known, news, decided } of folded) {
    if (!known.inLine && isFinal(known.state.phase)) changes.ended.push(run);
    const stepLimit = known.state.limits?.step;
    // Fired is fired, also where it decided to nothing.
    for (const { command } of news) if (command.type === 'fire-timer') changes.done.push({ run, kind: command.kind, key: command.key });
    for (const { event } of decided) {
      if (event.type === 'step.retry-scheduled') changes.set.push({ run, kind: 'retry', key: event.data.step, dueAt: event.data.dueAt });
      if (event.type === 'run.started' && event.data.limits?.run !== undefined)
        changes.set.push({ run, kind: 'run-limit', key: '', dueAt: after(event.at, event.data.limits.run) });
      if (stepLimit !== undefined && event.type === 'step.started')
        changes.set.push({ run, kind: 'step-limit', key: limitKey(event.data), dueAt: after(event.at, stepLimit) });
      if (stepLimit !== undefined && isEnd(event)) changes.done.push({ run, kind: 'step-limit', key: limitKey(event.data) });
      if (event.type === 'run.outputs-ready' && limits.publish > 0)
        changes.set.push({ run, kind: 'publish-limit', key: '', dueAt: after(event.at, limits.publish) });
      if (event.type === 'run.finished' || event.type === 'run.dismissed') changes.ended.push(run);
    }
  }
  return changes;
}

const isEnd = (event: RunEvent): event is RunEvent & { type: 'step.finished' | 'step.handed-back' | 'step.retry-scheduled' } =>
  event.type === 'step.finished' || event.type === 'step.handed-back' || event.type === 'step.retry-scheduled';

/** Written with the events that need them (rule 11). */
export function timerWrites({ set, done, ended }: TimerChanges): Write[] {
  const over = new Set(done.filter(({ kind }) => kind === 'step-limit').map(nameOf));
  const alive = set.filter((timer) => !ended.includes(timer.run) && !over.has(nameOf(timer)));
  // A step may fail, be tried again and fail once more in one batch: its last word counts.
  const rows = [...new Map(alive.map((timer) => [nameOf(timer), timer])).values()];
  return [...(done.length > 0 || ended.length > 0 ? [deleteTimers(done, ended)] : []), ...(rows.length > 0 ? [upsertTimers(rows)] : [])];
}

const nameOf = ({ run, kind, key }: Omit<TimerRow, 'dueAt'>): string => `${run} ${kind} ${key}`;

function deleteTimers(done: TimerChanges['done'], ended: readonly string[]): Write {
  return {
    name: 'delete-timers',
    text: `
delete from timers where (run_id, kind, key) in (select * from unnest($1::uuid[], $2::text[], $3::text[])) or run_id = any($4::uuid[])`,
    values: [done.map((timer) => timer.run), done.map((timer) => timer.kind), done.map((timer) => timer.key), ended],
  };
}

function upsertTimers(rows: readonly TimerRow[]): Write {
  return {
    name: 'upsert-timers',
    text: `
insert into timers (run_id, kind, key, partition, due_at) select * from unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::timestamptz[])
on conflict (run_id, kind, key) do update set due_at = excluded.due_at`,
    values: [
      rows.map((timer) => timer.run),
      rows.map((timer) => timer.kind),
      rows.map((timer) => timer.key),
      rows.map((timer) => partitionOf(timer.run)),
      rows.map((timer) => timer.dueAt),
    ],
  };
}
