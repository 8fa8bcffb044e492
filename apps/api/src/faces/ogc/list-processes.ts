import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { limit, once } from '../../http/query.ts';
import { json, ogcBase } from './base.ts';
import { noSuchProcess } from './problems.ts';
import { processDocument, processList } from './process-documents.ts';

export const processQuery = z.object({
  limit: limit(100).describe('at most so many'),
  after: once(z.string().max(200).default('')).describe('id behind which the page begins (of a next link)'),
});

export async function answerProcessList({ processes, config }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace } = request.params as { workspace: string };
  const query = processQuery.parse(request.query);
  const found = await processes.list(workspace, query.after, query.limit + 1);
  const page = found.slice(0, query.limit);
  const last = page.at(-1)?.id;
  const next = found.length > query.limit && last !== undefined ? `?limit=${query.limit}&after=${encodeURIComponent(last)}` : undefined;
  const self = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
  const text = processList(page, ogcBase(request, config.publicUrl), { self, ...(next === undefined ? {} : { next }) });
  await reply.type(json).send(text);
}

export async function answerProcess({ processes, config }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace, process: id } = request.params as { workspace: string; process: string };
  const text = await processes.description(workspace, id);
  if (text === undefined) throw noSuchProcess(id);
  await reply.type(json).send(processDocument(text, id, ogcBase(request, config.publicUrl)));
}

/** The document as it was deployed, in its own media type (20-044, `package`). */
export async function answerPackage({ processes, objects }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace, process: id } = request.params as { workspace: string; process: string };
  const found = await processes.find(workspace, id);
  if (!found) throw noSuchProcess(id);
  const { body } = await objects.get(found.sourceKey);
  await reply.type(found.mediaType).header('x-content-type-options', 'nosniff').send(body);
}
