import { nameOf } from '@runnel/access';
import type { RunStatus } from '@runnel/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { cursor, cursorOf, limit, many } from '../../http/query.ts';
import { dismissRun } from '../../runs/dismiss-run.ts';
import { findRun, listRuns } from '../../runs/find-runs.ts';
import type { Link } from './base.ts';
import { json, ogcBase } from './base.ts';
import { traceparentOf } from './execute.ts';
import { noSuchJob } from './problems.ts';
import { statusInfo } from './status-info.ts';

const statuses = ['accepted', 'running', 'successful', 'failed', 'dismissed'] as const;

export const jobQuery = z.object({
  limit: limit(100).describe('at most so many'),
  status: many(z.enum(statuses)).describe('only jobs in these statuses'),
  processID: many(z.string()).describe('only jobs of these processes'),
  type: many(z.string()).describe('only entities of these types; all are "process"'),
  after: cursor(z.tuple([z.iso.datetime(), z.uuid()])).describe('where the page begins (of a next link)'),
});

/** GET /jobs: newest first. */
export async function answerJobList({ database, config }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace } = request.params as { workspace: string };
  const query = jobQuery.parse(request.query);
  const [createdAt, id] = query.after ?? [];
  const none = query.type !== undefined && !query.type.includes('process');
  const found = none
    ? []
    : await listRuns(database, {
        workspace,
        phases: query.status?.flatMap((status): RunStatus[] => (status === 'running' ? ['running', 'publishing'] : [status])),
        processes: query.processID,
        ...(createdAt !== undefined && id !== undefined ? { after: { createdAt, id } } : {}),
        limit: query.limit + 1,
      });
  const page = found.slice(0, query.limit);
  const base = ogcBase(request, config.publicUrl);
  const last = found.length > query.limit ? page.at(-1) : undefined;
  const links: Link[] = [{ rel: 'self', type: json, title: 'This page', href: `${base}/jobs${queryOf(request.url)}` }];
  if (last) {
    const next = new URLSearchParams(queryOf(request.url));
    next.set('limit', String(query.limit));
    next.set('after', cursorOf(last.createdAt.toISOString(), last.id));
    links.push({ rel: 'next', type: json, title: 'Next page', href: `${base}/jobs?${next.toString()}` });
  }
  await reply.type(json).send(JSON.stringify({ jobs: page.map((run) => statusInfo(run, base)), links }));
}

function queryOf(url: string): string {
  const start = url.indexOf('?');
  return start < 0 ? '' : url.slice(start);
}

/** GET /jobs/{id}. */
export async function answerJob({ database, config }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace, job } = request.params as { workspace: string; job: string };
  const run = await findRun(database, workspace, job);
  if (!run) throw noSuchJob(job);
  await reply.type(json).send(JSON.stringify(statusInfo(run, ogcBase(request, config.publicUrl))));
}

/** DELETE /jobs/{id}: dismissed from now on; a job that had ended stays as it is. */
export async function dismiss(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace, job } = request.params as { workspace: string; job: string };
  const run = await dismissRun(context, { workspace, run: job, by: nameOf(request.principal), traceparent: traceparentOf(request) });
  if (!run) throw noSuchJob(job);
  await reply.type(json).send(JSON.stringify(statusInfo(run, ogcBase(request, context.config.publicUrl))));
}
