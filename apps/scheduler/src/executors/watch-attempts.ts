import type { Pool } from 'pg';
import { now } from '../runs/news.ts';
import type { News } from '../runs/news.ts';
import type { ExecutorRegistry } from './executor-registry.ts';

/** Attempts that nobody carries out any more. */
export interface Unattended {
  /** News of those whose executor was lost. */
  lost: News[];
  /** Runs with attempts that a living executor does not report: it was started again under its name. */
  forgotten: Set<string>;
}

/** Runs of these partitions with attempts that these executors were asked for. */
export async function runsOn(pool: Pool, executors: readonly string[], partitions: readonly number[]): Promise<string[]> {
  if (executors.length === 0) return [];
  const { rows } = await pool.query<{ run: string }>({
    name: 'runs-on-executors',
    text: `
select distinct s.run_id as run from steps s join runs r on r.id = s.run_id
where s.state in ('requested', 'running') and s.executor = any($1) and r.partition = any($2)`,
    values: [executors, partitions],
  });
  return rows.map(({ run }) => run);
}

/** Minutes for which pods are left to an executor that is away: they go on without it, and it finds them when it is back (rule 8). */
const podsOutlive = 30;

/** Milliseconds after its start within which a heartbeat need not name an attempt. */
const tolerance = 3000;

/**
 * Looks at all active attempts of these partitions. An executor is lost when its lease ended in the database and by this scheduler's own ears: a
 * database or a bus that was away is no reason.
 */
export async function watchAttempts(pool: Pool, registry: ExecutorRegistry, partitions: readonly number[]): Promise<Unattended> {
  const { rows } = await pool.query<{
    run: string;
    step: string;
    attempt: number;
    executor: string;
    state: string;
    started: number | null;
    over: boolean;
  }>({
    name: 'active-attempts',
    text: `
select s.run_id as run, s.step, s.attempt, s.executor, s.state, extract(epoch from s.started_at)::float8 * 1000 as started,
  coalesce(e.lease_until + case e.backend when 'kubernetes' then interval '${podsOutlive} minutes' else interval '0' end < now(), true) as over
from steps s join runs r on r.id = s.run_id left join executors e on e.id = s.executor
where s.state in ('requested', 'running', 'stopping') and r.partition = any($1)`,
    values: [partitions],
  });
  const lost = rows.filter(({ executor, over }) => over && registry.isLost(executor));
  const forgotten = rows.filter(
    ({ run, step, attempt, executor, state, started }) =>
      state === 'running' &&
      (registry.heardAt(executor) ?? 0) > (started ?? Infinity) + tolerance &&
      !registry.reports(executor, run, step, attempt),
  );
  return {
    lost: lost.map(({ run, step, attempt, executor }) => ({ run, command: { type: 'lose-step', at: now(), step, attempt, executor } })),
    forgotten: new Set(forgotten.map(({ run }) => run)),
  };
}
