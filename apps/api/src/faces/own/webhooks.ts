import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { endings, listWebhooks, removeWebhook, storeWebhook } from '../../callbacks/webhook-rows.ts';
import type { ApiContext } from '../../context.ts';
import { readJson } from '../../http/body.ts';
import { refusalOf } from '../../outbound/request-outbound.ts';
import { notFound } from './problems.ts';

const ends = z.array(z.enum(endings)).min(1).max(endings.length);

export const webhookRequest = z.strictObject({
  uri: z.url({ protocol: /^https?$/ }).max(2000),
  ends: ends.default([...endings]).describe('how a run has to end for it to be told'),
});
export const webhookSchema = z.object({
  name: z.string(),
  uri: z.string(),
  ends,
  created: z.iso.datetime(),
  waiting: z.int().describe('messages that it has not taken yet'),
  error: z.string().nullable().describe('why it did not take one lately'),
});
export const webhookListSchema = z.object({ webhooks: z.array(webhookSchema) });

const nameOf = (request: FastifyRequest): string => {
  const { webhook } = request.params as { webhook: string };
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(webhook)) throw notFound(`webhook "${webhook}"`);
  return webhook;
};
const workspaceOf = (request: FastifyRequest): string => (request.params as { workspace: string }).workspace;

export async function answerWebhooks({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  await reply.send({ webhooks: await listWebhooks(database, workspaceOf(request)) });
}

/** PUT: makes it, or puts another address in its place. Runs that are accepted from now on are told to it when they end. */
export async function putWebhook({ database, config }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const name = nameOf(request);
  const given = webhookRequest.parse(await readJson(request, 10_000));
  const refused =
    config.callbackSecret === undefined
      ? 'this service sends no callbacks (RUNNEL_CALLBACK_SECRET)'
      : refusalOf(given.uri, config.outboundHosts);
  if (refused !== undefined) throw new Problem({ status: 400, title: 'Bad request', detail: `uri: ${refused}` });
  await storeWebhook(database, workspaceOf(request), { name, ...given });
  await reply.send((await listWebhooks(database, workspaceOf(request))).find((webhook) => webhook.name === name));
}

export async function dropWebhook({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const name = nameOf(request);
  if (!(await removeWebhook(database, workspaceOf(request), name))) throw notFound(`webhook "${name}"`);
  await reply.status(204).send();
}
