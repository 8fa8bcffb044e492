import type { TimerKind } from '@runnel/engine';
import type { Write } from '@runnel/postgres';
import { partitionOf } from '@runnel/contracts';
import type { Folded } from '../fold-news.ts';
import { isFinal } from './runs-row.ts';

/** Seconds; 0: no limit. */
export interface RunLimits {
  run: number;
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
    // Fired is fired, also where it decided to nothing.
    for (const { command } of news) if (command.type === 'fire-timer') changes.done.push({ run, kind: command.kind, key: command.key });
    for (const { event } of decided) {
      if (event.type === 'step.retry-scheduled') changes.set.push({ run, kind: 'retry', key: event.data.step, dueAt: event.data.dueAt });
      if (event.type === 'run.started' && limits.run > 0)
        changes.set.push({ run, kind: 'run-limit', key: '', dueAt: after(event.at, limits.run) });
      if (event.type === 'run.outputs-ready' && limits.publish > 0)
        changes.set.push({ run, kind: 'publish-limit', key: '', dueAt: after(event.at, limits.publish) });
      if (event.type === 'run.finished' || event.type === 'run.dismissed') changes.ended.push(run);
    }
  }
  return changes;
}

/** Written with the events that need them (rule 11). */
export function timerWrites({ set, done, ended }: TimerChanges): Write[] {
  const alive = set.filter((timer) => !ended.includes(timer.run));
  // A step may fail, be tried again and fail once more in one batch: its last word counts.
  const rows = [...new Map(alive.map((timer) => [`${timer.run} ${timer.kind} ${timer.key}`, timer])).values()];
  return [...(done.length > 0 || ended.length > 0 ? [deleteTimers(done, ended)] : []), ...(rows.length > 0 ? [upsertTimers(rows)] : [])];
}

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
