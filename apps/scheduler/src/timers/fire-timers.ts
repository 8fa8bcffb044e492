import type { TimerKind } from '@runnel/engine';
import type { Pool } from 'pg';
import { now } from '../runs/news.ts';
import type { News } from '../runs/news.ts';

export interface Due {
  news: News[];
  /** Milliseconds until the next timer; undefined: there is none. */
  next: number | undefined;
}

/** Timers looked at together. */
const batch = 500;

/** The timers of these partitions that are due, and how long the next one sleeps (rule 11). */
export async function dueTimers(pool: Pool, partitions: readonly number[]): Promise<Due> {
  const { rows } = await pool.query<{ run: string; kind: TimerKind; key: string; left: number }>({
    name: 'due-timers',
    text: `
select run_id as run, kind, key, extract(epoch from due_at - now())::float8 * 1000 as left
from timers where partition = any($1) order by due_at limit ${batch + 1}`,
    values: [partitions],
  });
  const due = rows.filter(({ left }) => left <= 0).slice(0, batch);
  const next = rows[due.length]?.left;
  return {
    news: due.map(({ run, kind, key }) => ({ run, command: { type: 'fire-timer', at: now(), kind, key } })),
    next: next === undefined ? undefined : Math.max(0, next),
  };
}
