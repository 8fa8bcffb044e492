import { dropDeadLetter, listDeadLetters, replayDeadLetter, showDeadLetter } from '@runnel/messaging';
import type { DeadLetter } from '@runnel/messaging';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { limit, numeric } from '../../http/query.ts';
import { notFound } from './problems.ts';
import { nextPage } from './runs.ts';

export const deadLetterQuery = z.object({
  limit: limit(100).describe('at most so many'),
  after: numeric(z.coerce.number().int().min(0).default(0)).describe('number behind which the page begins'),
});

/** Messages that could not be handled, oldest first, without what they say. */
export async function answerDeadLetters({ messaging }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const query = deadLetterQuery.parse(request.query);
  const found = await listDeadLetters(messaging, { after: query.after, limit: query.limit + 1 });
  const page = found.slice(0, query.limit);
  const last = found.length > query.limit ? page.at(-1) : undefined;
  await reply.send({ deadLetters: page.map(summaryOf), ...(last ? { next: nextPage(request, String(last.seq)) } : {}) });
}

export async function answerDeadLetter({ messaging }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const seq = numberOf(request);
  const letter = seq === undefined ? undefined : await showDeadLetter(messaging, seq);
  if (!letter) throw missing(request);
  await reply.send(letter);
}

/** Sent again where it came from, then gone from here. */
export async function replay({ messaging }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const seq = numberOf(request);
  if (seq === undefined || !(await replayDeadLetter(messaging, seq))) throw missing(request);
  await reply.status(204).send();
}

export async function drop({ messaging }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const seq = numberOf(request);
  if (seq === undefined || !(await dropDeadLetter(messaging, seq))) throw missing(request);
  await reply.status(204).send();
}

function numberOf(request: FastifyRequest): number | undefined {
  const { letter } = request.params as { letter: string };
  return /^[1-9]\d{0,14}$/.test(letter) ? Number(letter) : undefined;
}

const missing = (request: FastifyRequest): Error => notFound(`dead letter ${(request.params as { letter: string }).letter}`);

function summaryOf({ payload: _payload, headers: _headers, ...summary }: DeadLetter): Omit<DeadLetter, 'payload' | 'headers'> {
  return summary;
}
