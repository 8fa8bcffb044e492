import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';

/** Where steps run, and with which isolation. */
export async function answerExecutors({ database }: ApiContext, _request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { rows } = await database.pool.query({
    name: 'list-executors',
    text: `
select id, backend, slots, cores, memory_mib as "memoryMiB", isolation, accepting, lease_until > now() as alive, heartbeat_at as heartbeat
from executors order by id`,
  });
  await reply.send({ executors: rows });
}
