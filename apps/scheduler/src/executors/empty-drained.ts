import type { Pool } from 'pg';
import { now } from '../runs/news.ts';
import type { News } from '../runs/news.ts';

/**
 * What is to leave executors that are being drained: at once what has not begun there, and what runs when the drain's time is over. Each is stopped,
 * and begins elsewhere when it is confirmed gone.
 */
export async function emptyDrained(pool: Pool, partitions: readonly number[]): Promise<News[]> {
  const { rows } = await pool.query<{ run: string; step: string; attempt: number; executor: string; reason: string }>({
    name: 'steps-to-recall',
    text: `
select s.run_id as run, s.step, s.attempt, s.executor, c.reason
from cordons c join steps s on s.executor = c.executor join runs r on r.id = s.run_id
where c.until is not null and (s.state = 'requested' or s.state = 'running' and c.until <= now())
  and r.partition = any($1) and r.finished_at is null`,
    values: [partitions],
  });
  return rows.map(({ run, step, attempt, executor, reason }) => ({
    run,
    command: { type: 'recall-step', at: now(), step, attempt, executor, reason: `executor ${executor} is being emptied: ${reason}` },
  }));
}
