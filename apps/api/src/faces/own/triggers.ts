import { nameOf } from '@runnel/access';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { readJson } from '../../http/body.ts';
import { checkTrigger } from '../../triggers/check-trigger.ts';
import { nextTimes } from '../../triggers/cron-times.ts';
import { Trigger, triggerName } from '../../triggers/trigger-definition.ts';
import type { TriggerRow } from '../../triggers/trigger-rows.ts';
import { deleteTrigger, findTrigger, insertTrigger, lastFirings, listTriggers, replaceTrigger } from '../../triggers/trigger-rows.ts';
import { notFound } from './problems.ts';

const named = z.looseObject({ name: triggerName });
export const triggerRequest = z.intersection(z.object({ name: triggerName }), Trigger);

export const triggerSchema = z.looseObject({
  name: z.string(),
  on: z.enum(['event', 'cron', 'after']),
  created: z.iso.datetime(),
  by: z.string(),
  attention: z.string().optional().describe('why a person should look'),
  next: z.array(z.iso.datetime()).optional().describe('of a cron: the next five times'),
});
export const triggerListSchema = z.object({ triggers: z.array(triggerSchema) });
export const triggerDetailSchema = triggerSchema.extend({
  firings: z.array(
    z.object({
      source: z.string(),
      event: z.string(),
      item: z.int(),
      depth: z.int(),
      outcome: z.enum(['pending', 'started', 'refused', 'stopped']),
      reason: z.string().optional(),
      run: z.uuid().optional(),
      at: z.iso.datetime(),
    }),
  ),
});

/** Bytes of a definition. */
const largest = 256 * 1024;

export async function answerTriggers({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  await reply.send({ triggers: (await listTriggers(database, callerOf(request).workspace)).map(triggerView) });
}

export async function answerTrigger({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const row = await wanted(database, request);
  await reply.send({ ...triggerView(row), firings: await lastFirings(database, row.id) });
}

export async function createTrigger(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace } = callerOf(request);
  const { name, ...body } = named.parse(await readJson(request, largest));
  const definition = await checkTrigger(context, workspace, body);
  if (!(await insertTrigger(context.database, { workspace, name, principal: nameOf(request.principal) }, definition)))
    throw new Problem({ status: 409, title: 'Conflict', detail: `there is a trigger ${name} already; PUT replaces it` });
  await answerStored(context, request, reply.status(201).header('location', `/api/v1/workspaces/${workspace}/triggers/${name}`), name);
}

export async function putTrigger(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace, name } = await wanted(context.database, request);
  const { name: _name, ...body } = z.looseObject({}).parse(await readJson(request, largest));
  const definition = await checkTrigger(context, workspace, body);
  await replaceTrigger(context.database, { workspace, name, principal: nameOf(request.principal) }, definition);
  await answerStored(context, request, reply, name);
}

export async function dropTrigger({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace, name } = await wanted(database, request);
  await deleteTrigger(database, workspace, name);
  await reply.status(204).send();
}

async function answerStored({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply, name: string): Promise<void> {
  const row = await findTrigger(database, callerOf(request).workspace, name);
  if (!row) throw notFound(`trigger "${name}"`);
  await reply.send(triggerView(row));
}

async function wanted(database: ApiContext['database'], request: FastifyRequest): Promise<TriggerRow> {
  const { trigger: name } = request.params as { trigger: string };
  const row = await findTrigger(database, callerOf(request).workspace, name);
  if (!row) throw notFound(`trigger "${name}"`);
  return row;
}

function triggerView({ name, definition, createdAt, principal, attention }: TriggerRow) {
  return {
    name,
    ...definition,
    created: createdAt.toISOString(),
    by: principal,
    ...(attention === null ? {} : { attention }),
    ...(definition.on === 'cron' ? { next: nextTimes(definition, new Date(), 5).map((time) => time.toISOString()) } : {}),
  };
}
