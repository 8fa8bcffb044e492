import { dropDeadLetter, listDeadLetters, replayDeadLetter, showDeadLetter } from '@runnel/messaging';
import type { DeadLetter } from '@runnel/messaging';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { limit, once } from '../../http/query.ts';
import { notFound } from './problems.ts';
import { nextPage } from './runs.ts';

export const deadLetterQuery = z.object({
  limit: limit(100).describe('at most so many'),
  after: once(z.coerce.number().int().min(0).default(0)).describe('number behind which the page begins'),
});

/** Messages that could not be handled, oldest first, without what they say. */
export async function answerDeadLetters({ messaging }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const query = deadLetterQuery.parse(request.query);
  const found = await allowed(listDeadLetters(messaging, { after: query.after, limit: query.limit + 1 }));
  const page = found.slice(0, query.limit);
  const last = found.length > query.limit ? page.at(-1) : undefined;
  await reply.send({ deadLetters: page.map(summaryOf), ...(last ? { next: nextPage(request, String(last.seq)) } : {}) });
}

export async function answerDeadLetter({ messaging }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const seq = numberOf(request);
  const letter = seq === undefined ? undefined : await allowed(showDeadLetter(messaging, seq));
  if (!letter) throw missing(request);
  await reply.send(letter);
}

/** Sent again where it came from, then gone from here. */
export async function replay({ messaging }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const seq = numberOf(request);
  if (seq === undefined || !(await allowed(replayDeadLetter(messaging, seq)))) throw missing(request);
  await reply.status(204).send();
}

export async function drop({ messaging }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const seq = numberOf(request);
  if (seq === undefined || !(await allowed(dropDeadLetter(messaging, seq)))) throw missing(request);
  await reply.status(204).send();
}

/** The bus has rights of its own: what it does not let this service do, the person at the machine can. */
async function allowed<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error as Error).message.includes('Permissions Violation')) throw error;
    const detail = 'the bus does not let this service do that: use `runnel dlq` where Runnel is installed';
    throw new Problem({ status: 403, title: 'Forbidden', detail, cause: error });
  }
}

function numberOf(request: FastifyRequest): number | undefined {
  const { letter } = request.params as { letter: string };
  return /^[1-9]\d{0,14}$/.test(letter) ? Number(letter) : undefined;
}

const missing = (request: FastifyRequest): Error => notFound(`dead letter ${(request.params as { letter: string }).letter}`);

function summaryOf({ payload: _payload, headers: _headers, ...summary }: DeadLetter): Omit<DeadLetter, 'payload' | 'headers'> {
  return summary;
}
