import { reasonToSee } from '@runnel/access';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import { limit } from '../../http/query.ts';
import { json } from '../ogc/base.ts';
import { callerOf } from '../../http/access-hook.ts';
import { processQuery as ogcQuery, visibleTo } from '../ogc/list-processes.ts';
import { eodhBase, workspaceIn } from './base.ts';

export const processQuery = ogcQuery.extend({ limit: limit(10_000).describe('at most so many') });

/** GET /processes: all on one page unless the caller wants fewer, each with why the caller sees it. */
export async function answerProcessList({ processes, config }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { limit: wanted, after } = processQuery.parse(request.query);
  const owner = workspaceIn(request);
  const found = await processes.list(owner, after, wanted + 1, await visibleTo(processes, request));
  const { workspace: caller } = callerOf(request);
  const offers = await processes.offers(owner);
  const page = found.slice(0, wanted);
  const base = eodhBase(request, config.publicUrl);
  const entries = page.map(({ id, text }) => {
    const link = { rel: 'self', type: json, title: 'Process Description', href: `${base}/processes/${encodeURIComponent(id)}` };
    const reason = JSON.stringify(reasonToSee(owner, caller, offers.get(id)));
    return `${text.slice(0, -1)},"links":[${JSON.stringify(link)}],"AccessReasoning":${reason}}`;
  });
  const last = found.length > wanted ? page.at(-1)?.id : undefined;
  const links = [
    { rel: 'self', type: json, href: `${base}/processes` },
    ...(last === undefined
      ? []
      : [{ rel: 'next', type: json, href: `${base}/processes?limit=${wanted}&after=${encodeURIComponent(last)}` }]),
  ];
  await reply.type(json).send(`{"processes":[${entries.join(',')}],"links":${JSON.stringify(links)}}`);
}
