import type { RunPhase } from '@runnel/engine';
import type { Pool } from 'pg';

/** A run that is not over, as its row says. */
export interface QuietRun {
  run: string;
  version: number;
  phase: RunPhase;
}

/**
 * Runs of these partitions that have not stopped and had no news for `seconds`, or have an attempt that had none. A run that only waits for
 * admission is left to the admitter, unless `all`.
 */
export async function findQuietRuns(pool: Pool, partitions: readonly number[], seconds: number, all: boolean): Promise<QuietRun[]> {
  const { rows } = await pool.query<QuietRun>({
    name: 'quiet-runs',
    text: `
select r.id as run, r.version, r.phase from runs r
where r.partition = any($1) and not r.stopped and (
  r.updated_at < now() - make_interval(secs => $2) and ($3 or not exists (select from ready_nodes n where n.run_id = r.id))
  or exists (
    select from steps s where s.run_id = r.id and s.state in ('requested', 'running')
      and coalesce(s.started_at, s.requested_at) < now() - make_interval(secs => $2)))
order by r.updated_at`,
    values: [partitions, seconds, all],
  });
  return rows;
}

/** These runs, as far as they have not stopped. */
export async function readRuns(pool: Pool, runs: readonly string[]): Promise<QuietRun[]> {
  const { rows } = await pool.query<QuietRun>('select id as run, version, phase from runs where id = any($1::uuid[]) and not stopped', [
    runs,
  ]);
  return rows;
}
