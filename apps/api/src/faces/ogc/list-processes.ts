import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { SeenProcesses } from '../../built-in/built-ins.ts';
import type { ApiContext } from '../../context.ts';
import type { KnownProcesses } from '../../processes/known-processes.ts';
import { limit, once } from '../../http/query.ts';
import { ogcBase } from './base.ts';
import { processesOf } from './caller.ts';
import { encodingOf, pageQuery, sendPage } from './pages.ts';
import type { Encoding } from './pages.ts';
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
  const only = await visibleTo(context.processes, request);
  const place = placeOf(context, request);
  const make = (): Promise<string> => processPage(processesOf(context, request), workspace, processQuery.parse(request.query), place, only);
  // What others see is asked for seldom: it is not remembered.
  const text = only ? await make() : await processesOf(context, request).page(workspace, nameOf(place), make);
  await sendPage(request, reply, text ?? '', 'Processes');
}

/** From where a page is looked at: with the query and what there is, it says all that stands in it. */
interface Place {
  readonly base: string;
  /** With its `?`; empty where there is none. */
  readonly query: string;
  readonly encoding: Encoding;
}

function placeOf({ config }: ApiContext, request: FastifyRequest): Place {
  const start = request.url.indexOf('?');
  return { base: ogcBase(request, config.publicUrl), query: start < 0 ? '' : request.url.slice(start), encoding: encodingOf(request) };
}

const nameOf = ({ base, query, encoding }: Place): string => `${encoding} ${base} ${query}`;

async function processPage(
  processes: SeenProcesses,
  workspace: string,
  { after, limit: size }: z.output<typeof processQuery>,
  { base, query: self, encoding }: Place,
  only: readonly string[] | undefined,
): Promise<string> {
  const found = await processes.list(workspace, after, size + 1, only);
  const page = found.slice(0, size);
  const last = page.at(-1)?.id;
  const next = found.length > size && last !== undefined ? `?limit=${size}&after=${encodeURIComponent(last)}` : undefined;
  return processList(page, base, { self, encoding, ...(next === undefined ? {} : { next }) });
}

export async function answerProcess(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace, process: id } = request.params as { workspace: string; process: string };
  const processes = processesOf(context, request);
  const { base, encoding } = placeOf(context, request);
  const text = await processes.page(workspace, `${encoding} ${base} process ${id}`, async () => {
    const described = await processes.description(workspace, id);
    return described && processDocument(described, id, base, encoding);
  });
  if (text === undefined) throw noSuchProcess(id);
  await sendPage(request, reply, text, `Process ${id}`);
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
