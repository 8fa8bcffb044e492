import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { cursor, cursorOf, limit } from '../../http/query.ts';
import { nextPage, runOf } from './runs.ts';

export const usageQuery = z.object({
  limit: limit(1000).describe('at most so many attempts; the total is of all'),
  after: cursor(z.tuple([z.string(), z.string().regex(/^\d{1,9}$/)])).describe('where the page begins (of next)'),
});

interface Attempt {
  readonly step: string;
  readonly attempt: number;
  readonly started: Date;
  readonly finished: Date;
}

/** What a run has used, by attempt and in all (the ingester's ledger). */
export async function answerUsage(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const query = usageQuery.parse(request.query);
  const run = await runOf(context, request);
  const [step = '', attempt = '0'] = query.after ?? [];
  const { pool } = context.database;
  const { rows } = await pool.query<Attempt>({
    name: 'usage-of-run',
    text: `
select step, attempt, wall_seconds as "wallSeconds", cpu_seconds as "cpuSeconds", max_memory_bytes as "maxMemoryBytes", cores,
  memory_mib as "memoryMiB", input_bytes as "inputBytes", output_bytes as "outputBytes", started_at as started, finished_at as finished
from usage where run_id = $1 and (step, attempt) > ($2, $3) order by step, attempt limit $4`,
    values: [run.id, step, Number(attempt), query.limit + 1],
  });
  const total = await pool.query<Record<string, number>>({
    name: 'usage-total-of-run',
    text: `
select count(*)::int as attempts, coalesce(sum(wall_seconds), 0) as "wallSeconds", coalesce(sum(cpu_seconds), 0) as "cpuSeconds",
  coalesce(sum(wall_seconds * cores), 0) as "coreSeconds", coalesce(sum(wall_seconds * memory_mib), 0) as "memoryMiBSeconds",
  coalesce(sum(input_bytes), 0) as "inputBytes", coalesce(sum(output_bytes), 0) as "outputBytes"
from usage where run_id = $1`,
    values: [run.id],
  });
  const page = rows.slice(0, query.limit);
  const last = rows.length > query.limit ? page.at(-1) : undefined;
  await reply.send({
    attempts: page,
    total: total.rows[0],
    ...(last ? { next: nextPage(request, cursorOf(last.step, String(last.attempt))) } : {}),
  });
}
