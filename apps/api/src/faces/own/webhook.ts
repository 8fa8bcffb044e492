import { hookOf, webhookKey } from '@runnel/access';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { originOf } from '../../http/origin.ts';
import { once } from '../../http/query.ts';
import { notFound } from './problems.ts';

export const webhookQuery = z.object({ repository: once(z.string().min(1)).describe('its address, as the bindings name it') });
export const webhookSchema = z.object({
  url: z.url().describe('where the Git host sends pushes to'),
  secret: z.string().describe('with which it signs them'),
  contentType: z.literal('application/json'),
});

/** GET /api/v1/harvest/webhook: what to enter at the Git host, so that a push is seen at once. */
export async function answerWebhook({ config, database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { repository } = webhookQuery.parse(request.query);
  if (config.callbackSecret === undefined)
    throw new Problem({ status: 404, title: 'Not found', detail: 'this service takes no webhooks (RUNNEL_CALLBACK_SECRET)' });
  const { rowCount } = await database.pool.query({
    name: 'is-watched',
    text: 'select from harvest_positions where repository = $1 limit 1',
    values: [repository],
  });
  if (rowCount === 0) throw notFound(`watched repository ${repository}`);
  const hook = hookOf(repository);
  const url = `${originOf(request, config.publicUrl)}/api/v1/webhooks/git/${hook}`;
  await reply.send({ url, secret: webhookKey(config.callbackSecret, hook), contentType: 'application/json' });
}
