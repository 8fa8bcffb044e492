import { scopes } from '@runnel/access';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';

export const meSchema = z.object({
  workspace: z.string().optional().describe('of the token; absent: nobody said who asks'),
  name: z.string().optional().describe('of the token'),
  scopes: z.array(z.enum(scopes)).describe('what it may do'),
  publicEcho: z.boolean().describe('callers without a token may see and execute what is public'),
});

/** GET /api/v1/me: what the caller is taken for. */
export async function answerMe({ config }: ApiContext, { principal }: FastifyRequest, reply: FastifyReply): Promise<void> {
  const known =
    principal.kind === 'token' ? { workspace: principal.workspace, name: principal.token, scopes: principal.scopes } : { scopes: [] };
  await reply.header('cache-control', 'no-store').send({ ...known, publicEcho: config.publicEcho });
}
