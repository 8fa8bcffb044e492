import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';

export const queueSchema = z.object({
  waiting: z
    .array(
      z.object({
        workspace: z.string(),
        reason: z.string().describe('what the admitter last said of them'),
        steps: z.int(),
        runs: z.int(),
        cores: z.number().describe('that they ask for together'),
        memoryMiB: z.number(),
        since: z.iso.datetime().describe('when the first of them began to wait'),
      }),
    )
    .describe('longest waiting first; at most 500'),
  active: z.array(z.object({ workspace: z.string(), executor: z.string(), steps: z.int() })).describe('under way; at most 2,000'),
});

/** GET /api/v1/queue: what waits for admission in all workspaces, why, and what is under way where. */
export async function answerQueue({ database }: ApiContext, _request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const [waiting, active] = await Promise.all([
    database.pool.query({
      name: 'queue-waiting',
      text: `
select workspace, coalesce(reason, 'waits for a slot') as reason, sum(count)::int as steps, count(distinct run_id)::int as runs,
  sum(count * cores) as cores, sum(count * memory_mib) as "memoryMiB", min(since) as since
from ready_nodes group by 1, 2 order by min(since) limit 500`,
    }),
    database.pool.query({
      name: 'queue-active',
      text: `
select workspace, coalesce(executor, '') as executor, count(*)::int as steps
from steps where state in ('requested', 'running', 'stopping') group by 1, 2 order by 3 desc limit 2000`,
    }),
  ]);
  await reply.send({ waiting: waiting.rows, active: active.rows });
}
