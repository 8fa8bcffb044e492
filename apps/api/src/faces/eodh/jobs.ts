import { nameOf } from '@runnel/access';
import type { RunStatus } from '@runnel/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { limit, many, numeric } from '../../http/query.ts';
import { dismissRun } from '../../runs/dismiss-run.ts';
import { forgetRun } from '../../runs/find-run.ts';
import { countRuns, listRuns } from '../../runs/list-runs.ts';
import { isFinal, type RunRow } from '../../runs/run-row.ts';
import type { Link } from '../ogc/base.ts';
import { json } from '../ogc/base.ts';
import { traceparentOf } from '../ogc/execute.ts';
import { eodhBase, workspaceIn } from './base.ts';
import { logsOf } from './job-logs.ts';
import { foreignJob } from './problems.ts';
import { dismissedStatus, eodhStatus } from './status-info.ts';

const statuses = ['accepted', 'running', 'successful', 'failed', 'dismissed'] as const;

export const jobQuery = z.object({
  limit: limit(1000).describe('at most so many'),
  skip: numeric(z.coerce.number().int().min(0).max(1e9).default(0)).describe('so many of the newest are passed over'),
  status: many(z.enum(statuses)).describe('only jobs in these statuses'),
  processID: many(z.string()).describe('only jobs of these processes'),
});

/** GET /jobs: newest first. `numberTotal` is that of all pages. */
export async function answerJobList({ database, config }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const workspace = workspaceIn(request);
  const { limit: size, skip, status, processID } = jobQuery.parse(request.query);
  const filter = { workspace, phases: status?.flatMap(phasesOf), processes: processID };
  const [runs, total] = await Promise.all([listRuns(database, { ...filter, limit: size, skip }), countRuns(database, filter)]);
  const base = eodhBase(request, config.publicUrl);
  const page = (rel: string, from: number): Link => {
    const query = new URLSearchParams({ limit: String(size), skip: String(from) });
    for (const [name, values] of Object.entries({ status, processID })) if (values) query.set(name, values.join(','));
    return { rel, type: json, href: `${base}/jobs?${query.toString()}` };
  };
  const links = [
    page('self', skip),
    ...(skip > 0 ? [page('prev', Math.max(0, skip - size))] : []),
    ...(skip + runs.length < total ? [page('next', skip + size)] : []),
  ];
  await reply.type(json).send(JSON.stringify({ jobs: runs.map((run) => eodhStatus(run, base)), links, numberTotal: total }));
}

/** What is shown as running is all that has not ended. */
function phasesOf(status: (typeof statuses)[number]): RunStatus[] {
  return status === 'running' ? ['accepted', 'running', 'publishing'] : [status];
}

/** The run of the request's address; 403 where there is none for this workspace. */
export async function jobOf({ runs }: ApiContext, request: FastifyRequest): Promise<RunRow> {
  const { workspace, job } = request.params as { workspace: string; job: string };
  const run = await runs.find(workspace, job);
  if (!run) throw foreignJob(request);
  return run;
}

/** GET /jobs/{id}. */
export async function answerJob(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const run = await jobOf(context, request);
  const base = eodhBase(request, context.config.publicUrl);
  await reply.type(json).send(JSON.stringify(eodhStatus(run, base, await logsOf(context, run))));
}

/** DELETE /jobs/{id}: one under way is dismissed, one that has ended leaves the list; what it published stays. */
export async function removeJob(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { id, phase, workspace: caller } = await jobOf(context, request);
  const workspace = workspaceIn(request);
  const ended = isFinal(phase);
  // Whose service it is sees its runs and may stop them; the list is the caller's.
  if (ended && caller !== workspace) throw foreignJob(request);
  const run = await dismissRun(context, { workspace, run: id, by: nameOf(request.principal), traceparent: traceparentOf(request) });
  if (!run) throw foreignJob(request);
  if (ended) {
    await forgetRun(context.database, workspace, id);
    context.runs.forget(id);
  }
  await reply.type(json).send(JSON.stringify(dismissedStatus(run, eodhBase(request, context.config.publicUrl))));
}
