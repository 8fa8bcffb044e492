import { nameOf } from '@runnel/access';
import type { RunStatus } from '@runnel/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { cursor, cursorOf, limit, many, numeric, once } from '../../http/query.ts';
import { dismissRun } from '../../runs/dismiss-run.ts';
import { listRuns } from '../../runs/list-runs.ts';
import type { Position } from '../../runs/run-filter.ts';
import type { RunRow } from '../../runs/run-row.ts';
import type { Link } from './base.ts';
import { json, ogcBase } from './base.ts';
import { runsWorkspace } from './caller.ts';
import { datetime } from './datetime.ts';
import { traceparentOf } from './execute.ts';
import { runOfRequest } from './job-origin.ts';
import { alternateLinks, encodingOf, pageQuery, sendPage } from './pages.ts';
import { noSuchJob } from './problems.ts';
import { statusInfo } from './status-info.ts';

const statuses = ['accepted', 'running', 'successful', 'failed', 'dismissed'] as const;
const seconds = numeric(z.coerce.number().int().min(0).max(1e9).optional());
const position = () => cursor(z.tuple([z.iso.datetime(), z.uuid()]));

export const jobQuery = pageQuery.extend({
  limit: limit(100).describe('at most so many'),
  status: many(z.enum(statuses)).describe('only jobs in these statuses'),
  processID: many(z.string().max(128)).describe('only jobs of these processes'),
  type: many(z.string().max(100)).describe('only entities of these types; all are "process"'),
  datetime: once(datetime.optional()).describe('only jobs accepted at this instant, or in this interval (RFC 3339, ".." for an open end)'),
  minDuration: seconds.describe('only jobs that took, or have been running, at least so many seconds'),
  maxDuration: seconds.describe('only jobs that took, or have been running, at most so many seconds'),
  after: position().describe('where the page begins (of a next link)'),
  before: position().describe('where the page ends (of a prev link)'),
});
type JobQuery = z.output<typeof jobQuery>;

/** GET /jobs (18-062r2, 11): newest first. */
export async function answerJobList(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const query = jobQuery.parse(request.query);
  const { page, next, prev } = await readPage(context, runsWorkspace(request), query);
  const base = ogcBase(request, context.config.publicUrl);
  const self = `${base}/jobs${queryOf(request.url)}`;
  const links: Link[] = [
    { rel: 'self', type: json, title: 'This page', href: self },
    ...alternateLinks(self, encodingOf(request)),
    ...(next ? [{ rel: 'next', type: json, title: 'Next page', href: pageAddress(base, request.url, query.limit, { after: next }) }] : []),
    ...(prev
      ? [{ rel: 'prev', type: json, title: 'Previous page', href: pageAddress(base, request.url, query.limit, { before: prev }) }]
      : []),
  ];
  await sendPage(request, reply, JSON.stringify({ jobs: page.map((run) => statusInfo(run, base)), links }), 'Jobs');
}

interface Page {
  readonly page: readonly RunRow[];
  readonly next?: RunRow | undefined;
  readonly prev?: RunRow | undefined;
}

/** One more than asked for is read: it tells whether there is another page. */
async function readPage({ database }: ApiContext, workspace: string, query: JobQuery): Promise<Page> {
  if (query.type !== undefined && !query.type.includes('process')) return { page: [] };
  const { limit: size, before } = query;
  const found = await listRuns(database, {
    workspace,
    phases: query.status?.flatMap((status): RunStatus[] => (status === 'running' ? ['running', 'publishing'] : [status])),
    processes: query.processID,
    createdFrom: query.datetime?.from,
    createdTo: query.datetime?.to,
    minDuration: query.minDuration,
    maxDuration: query.maxDuration,
    after: positionOf(query.after),
    before: positionOf(before),
    limit: size + 1,
  });
  const more = found.length > size;
  if (before) {
    const page = more ? found.slice(1) : found;
    return { page, next: page.at(-1), prev: more ? page[0] : undefined };
  }
  const page = found.slice(0, size);
  return { page, next: more ? page.at(-1) : undefined, prev: query.after ? page[0] : undefined };
}

const positionOf = (parts: JobQuery['after']): Position | undefined => parts && { createdAt: parts[0], id: parts[1] };

function pageAddress(base: string, url: string, size: number, at: { after: RunRow } | { before: RunRow }): string {
  const parameters = new URLSearchParams(queryOf(url));
  parameters.set('limit', String(size));
  parameters.delete('after');
  parameters.delete('before');
  for (const [name, { createdAt, id }] of Object.entries<RunRow>(at)) parameters.set(name, cursorOf(createdAt.toISOString(), id));
  return `${base}/jobs?${parameters.toString()}`;
}

function queryOf(url: string): string {
  const start = url.indexOf('?');
  return start < 0 ? '' : url.slice(start);
}

/** GET /jobs/{id}. */
export async function answerJob(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  await sendStatus(context, request, reply, await runOfRequest(context, request));
}

/** DELETE /jobs/{id}: dismissed from now on; a job that had ended stays as it is. */
export async function dismiss(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { job } = request.params as { job: string };
  const by = nameOf(request.principal);
  const run = await dismissRun(context, { workspace: runsWorkspace(request), run: job, by, traceparent: traceparentOf(request) });
  if (!run) throw noSuchJob(job);
  await sendStatus(context, request, reply, run);
}

async function sendStatus({ config }: ApiContext, request: FastifyRequest, reply: FastifyReply, run: RunRow): Promise<void> {
  const base = ogcBase(request, config.publicUrl);
  const status = statusInfo(run, base);
  const links = [...status.links, ...alternateLinks(`${base}/jobs/${run.id}`, encodingOf(request))];
  await sendPage(request, reply, JSON.stringify({ ...status, links }), `Job ${run.id}`);
}
