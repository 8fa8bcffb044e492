import { randomUUID } from 'node:crypto';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { keepRefusal, largestEvent } from '../../events/keep-event.ts';
import { readMessage } from '../../events/read-message.ts';
import { takeEvent } from '../../events/take-event.ts';
import { callerOf } from '../../http/access-hook.ts';
import { readText } from '../../http/body.ts';
import { cursor, cursorOf, limit } from '../../http/query.ts';

export const takenEventSchema = z.object({ id: z.string(), source: z.string(), outcome: z.enum(['accepted', 'known']) });

const eventSchema = z.object({
  id: z.string(),
  source: z.string(),
  type: z.string(),
  via: z.string(),
  depth: z.int().describe('how many runs led to it'),
  received: z.iso.datetime(),
});
export const eventListSchema = z.object({ events: z.array(eventSchema), next: z.string().optional() });
export const refusedListSchema = z.object({
  refused: z.array(z.object({ via: z.string(), reason: z.string(), body: z.string(), received: z.iso.datetime() })),
  next: z.string().optional(),
});

export const eventQuery = z.object({ limit: limit(100), cursor: cursor(z.tuple([z.iso.datetime(), z.string(), z.string()])) });
export const refusedQuery = z.object({ limit: limit(100), cursor: cursor(z.tuple([z.string().regex(/^\d{1,18}$/)])) });

/** POST /api/v1/events: kept, then 202; a second copy is told apart; what cannot be read is kept with the reason, and 400. */
export async function postEvent(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace } = callerOf(request);
  const refuse = (reason: string, body: string): Promise<void> => keepRefusal(context, { workspace, via: 'http', reason, body });
  const text = await readText(request, largestEvent).catch(async (error: unknown) => {
    if (error instanceof Problem) await refuse(error.detail ?? error.title, '');
    throw error;
  });
  const { headers } = request;
  const key = headers['idempotency-key'];
  const id = typeof key === 'string' && key !== '' ? key : randomUUID();
  const read = readMessage({ headers, text, workspace, id, source: '/http' });
  if ('reason' in read) {
    await refuse(read.reason, text);
    throw new Problem({ status: 400, title: 'Event refused', detail: read.reason });
  }
  const { event } = read;
  const { principal } = request;
  const run = principal.kind === 'token' ? principal.run : undefined;
  const outcome = await takeEvent(context, { workspace, via: 'http', event, run });
  await reply.status(202).send({ id: event.attributes.id, source: event.attributes.source, outcome });
}

export async function answerEvents({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace } = callerOf(request);
  const { limit: most, cursor: after } = eventQuery.parse(request.query);
  const { rows } = await database.pool.query<{ id: string; source: string; type: string; via: string; depth: number; at: string }>({
    name: 'list-events',
    text: `
select id, source, type, via, depth, to_char(received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from cloud_events
where workspace = $1 and ($3::timestamptz is null or (received_at, source, id) < ($3, $4, $5))
order by received_at desc, source desc, id desc limit $2`,
    values: [workspace, most, ...(after ?? [null, null, null])],
  });
  const last = rows.length === most ? rows.at(-1) : undefined;
  await reply.send({
    events: rows.map(({ at, ...row }) => ({ ...row, received: at })),
    ...(last ? { next: cursorOf(last.at, last.source, last.id) } : {}),
  });
}

export async function answerRefused({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace } = callerOf(request);
  const { limit: most, cursor: after } = refusedQuery.parse(request.query);
  const { rows } = await database.pool.query<{ id: string; via: string; reason: string; body: string; received_at: Date }>({
    name: 'list-refused-events',
    text: `
select id, via, reason, body, received_at from refused_events where workspace = $1 and ($3::bigint is null or id < $3)
order by id desc limit $2`,
    values: [workspace, most, after?.[0] ?? null],
  });
  const last = rows.length === most ? rows.at(-1) : undefined;
  await reply.send({
    refused: rows.map(({ via, reason, body, received_at: at }) => ({ via, reason, body, received: at.toISOString() })),
    ...(last ? { next: cursorOf(last.id) } : {}),
  });
}
