import type { Pool } from 'pg';
import { now } from '../runs/news.ts';
import type { News } from '../runs/news.ts';

/** News of the grants that stand for these runs. */
export async function grantsFor(pool: Pool, runs: readonly string[]): Promise<News[]> {
  const { rows } = await pool.query<{ id: string; run: string; node: string; executor: string; count: number; cores: number; memoryMiB: number }>({
    name: 'grants-for',
    text: `
select id, run_id as run, node, executor, count, cores, memory_mib as "memoryMiB" from grants where run_id = any($1::uuid[]) order by id`,
    values: [runs],
  });
  return rows.map(({ id, run, node, executor, count, cores, memoryMiB }) => ({
    run,
    command: { type: 'grant-steps', at: now(), node, executor, count },
    grant: { id, cores, memoryMiB },
  }));
}
