import { writeTogether } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { crashPoint, Problem } from '@runnel/service';

/** Says that an attempt is to be billed otherwise; the ledger keeps what it said, and gets a row of the difference. */
export interface Correction {
  /** Given by who corrects: twice is once. */
  readonly id: string;
  readonly run: string;
  readonly step: string;
  readonly attempt: number;
  /** Parts of what was billed that stay: 0 takes all of it back. */
  readonly factor: number;
  readonly reason: string;
  readonly by: string;
}

/** Adds the counter-row of an attempt; the next billing event of its workspace holds it. Throws 404 where there is no such attempt. */
export async function correctUsage(database: Database, { id, run, step, attempt, factor, reason, by }: Correction): Promise<void> {
  crashPoint('api.correction.before-write');
  await writeTogether(database, [
    {
      name: 'correct-usage',
      text: `
with wrong as (
  select workspace, sum(wall_seconds) as wall, sum(cpu_seconds) as cpu, sum(memory_gb_seconds) as memory, sum(input_bytes) as input,
    sum(output_bytes) as output
  from ledger where run_id = $2 and step = $3 and attempt = $4 group by workspace
), added as (
  insert into usage_corrections (id, run_id, step, attempt, workspace, wall_seconds, cpu_seconds, memory_gb_seconds, input_bytes, output_bytes,
    reason, made_by)
  select $1, $2, $3, $4, workspace, d * wall, d * cpu, d * memory, d * input, d * output, $6, $7 from wrong, (select $5::float8 - 1 as d) difference
  on conflict (id) do nothing
  returning workspace, cpu_seconds, memory_gb_seconds
), billed as (insert into unbilled (workspace, cpu_seconds, memory_gb_seconds) select * from added)
select 1 as one from wrong`,
      values: [id, run, step, attempt, factor, reason, by],
      check: (rows) => {
        if (rows.length > 0) return;
        throw new Problem({
          status: 404,
          title: 'Not found',
          detail: `the ledger has no attempt ${attempt} of step "${step}" of run "${run}"`,
        });
      },
    },
  ]);
  crashPoint('api.correction.after-write');
}
