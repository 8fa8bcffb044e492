import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { readJson } from '../../http/body.ts';
import { notFound } from './problems.ts';

/** Where steps run, and with which isolation. */
export async function answerExecutors({ database }: ApiContext, _request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { rows } = await database.pool.query({
    name: 'list-executors',
    text: `
select id, backend, slots, cores, memory_mib as "memoryMiB", isolation, accepting, lease_until > now() as alive, heartbeat_at as heartbeat,
  c.reason as cordon, c.until as "emptyAt", full_reason as full,
  (select count(*)::int from steps s where s.executor = e.id and s.state in ('requested', 'running', 'stopping')) as steps
from executors e left join lateral (select * from cordons where executor in (e.id, '*') order by executor limit 1) c on true order by id`,
  });
  await reply.send({ executors: rows });
}

export const cordonRequest = z.strictObject({
  reason: z
    .string()
    .min(1)
    .max(500)
    .regex(/^[^\0]*$/, 'a null character is no part of it')
    .describe('told to everybody whose steps wait for it'),
});

/** An executor may be emptied too. */
export const drainRequest = cordonRequest.extend({
  limitSeconds: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .optional()
    .describe(
      'empty it: what has not begun there is given to others at once, and what still runs after so many seconds is stopped and moved',
    ),
});

/** Gives the executor in the address, or all of them (maintenance), nothing new; runs are accepted as ever, what runs goes on, unless the executor is drained. */
export async function cordon({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { executor } = request.params as { executor?: string };
  const body = await readJson(request, 10_000);
  const { reason, limitSeconds } =
    executor === undefined ? { ...cordonRequest.parse(body), limitSeconds: undefined } : drainRequest.parse(body);
  const { rowCount } = await database.pool.query({
    name: 'cordon-executor',
    text: `
insert into cordons (executor, reason, set_by, until) select $1, $2, $3, now() + make_interval(secs => $4) where $1 = '*' or exists (select from executors where id = $1)
on conflict (executor) do update set reason = excluded.reason, set_by = excluded.set_by, until = excluded.until, set_at = now()`,
    values: [executor ?? everyExecutor, reason, callerOf(request).name, limitSeconds ?? null],
  });
  if (rowCount === 0) throw notFound(`executor "${executor ?? ''}"`);
  await reply.status(204).send();
}

/** Steps are given to it again, with the next admission. */
export async function uncordon({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { executor } = request.params as { executor?: string };
  await database.pool.query({
    name: 'uncordon-executor',
    text: 'delete from cordons where executor = $1',
    values: [executor ?? everyExecutor],
  });
  await reply.status(204).send();
}

const everyExecutor = '*';
