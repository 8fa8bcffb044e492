import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import type { KnownProcesses } from '../../processes/known-processes.ts';
import { limit, once } from '../../http/query.ts';
import { ogcBase } from './base.ts';
import { processesOf } from './caller.ts';
import { encodingOf, pageQuery, sendPage } from './pages.ts';
import { noSuchProcess } from './problems.ts';
import { processDocument, processList } from './process-documents.ts';

export const processQuery = pageQuery.extend({
  limit: limit(100).describe('at most so many'),
  after: once(
    z
      .string()
      .max(128)
      .regex(/^[A-Za-z0-9._-]*$/)
      .default(''),
  ).describe('id behind which the page begins (of a next link)'),
});

export async function answerProcessList(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace } = request.params as { workspace: string };
  const query = processQuery.parse(request.query);
  const only = await visibleTo(context.processes, request);
  const found = await processesOf(context, request).list(workspace, query.after, query.limit + 1, only);
  const page = found.slice(0, query.limit);
  const last = page.at(-1)?.id;
  const next = found.length > query.limit && last !== undefined ? `?limit=${query.limit}&after=${encodeURIComponent(last)}` : undefined;
  const self = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
  const address = { self, encoding: encodingOf(request), ...(next === undefined ? {} : { next }) };
  await sendPage(request, reply, processList(page, ogcBase(request, context.config.publicUrl), address), 'Processes');
}

export async function answerProcess(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace, process: id } = request.params as { workspace: string; process: string };
  const text = await processesOf(context, request).description(workspace, id);
  if (text === undefined) throw noSuchProcess(id);
  const base = ogcBase(request, context.config.publicUrl);
  await sendPage(request, reply, processDocument(text, id, base, encodingOf(request)), `Process ${id}`);
}

/** The document as it was deployed, in its own media type (20-044, `package`). */
export async function answerPackage(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace, process: id } = request.params as { workspace: string; process: string };
  const found = await processesOf(context, request).find(workspace, id);
  if (!found) throw noSuchProcess(id);
  const { body } = await context.objects.get(found.sourceKey);
  await reply.type(found.mediaType).header('x-content-type-options', 'nosniff').send(body);
}

/** Ids that a caller of another workspace sees; undefined: all that there are for it. */
export async function visibleTo(processes: KnownProcesses, { principal, params }: FastifyRequest): Promise<readonly string[] | undefined> {
  const { workspace } = params as { workspace: string };
  return principal.kind === 'anonymous' || principal.workspace === workspace ? undefined : [...(await processes.offers(workspace)).keys()];
}
