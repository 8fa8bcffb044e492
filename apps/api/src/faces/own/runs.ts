import { nameOf } from '@runnel/access';
import { RunStatus } from '@runnel/contracts';
import type { NodeStatus } from '@runnel/engine';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { cursor, cursorOf, flag, limit, many, once } from '../../http/query.ts';
import { deleteRun } from '../../runs/delete-run.ts';
import { dismissRun } from '../../runs/dismiss-run.ts';
import { findReadyNodes } from '../../runs/find-ready-nodes.ts';
import { findRun } from '../../runs/find-run.ts';
import { listRuns } from '../../runs/list-runs.ts';
import type { RunRow } from '../../runs/run-row.ts';
import { readState } from '../../runs/read-state.ts';
import { notFound } from './problems.ts';

export const runQuery = z.object({
  limit: limit(100).describe('at most so many'),
  status: many(RunStatus).describe('only runs in these statuses'),
  executing: flag().describe('instead: runs of others that execute in the workspace'),
  name: once(z.string().optional()).describe('only runs of this name'),
  label: many(z.string().regex(/^[^=]+=./, 'name=value is expected')).describe('only runs with all these labels, each name=value'),
  text: once(z.string().max(200).optional()).describe(
    'only runs that have it in process, name or the value of a label, or whose id begins so (eight characters and more)',
  ),
  sort: once(z.enum(['-created', 'created']).default('-created')).describe('newest or oldest first'),
  process: many(z.string()).describe('only runs of these processes'),
  after: cursor(z.tuple([z.iso.datetime(), z.uuid()])).describe('where the page begins (of next)'),
});

/** The run of the request's address, if it is the caller's. */
export async function runOf({ database }: Pick<ApiContext, 'database'>, request: FastifyRequest): Promise<RunRow> {
  const { run: id } = request.params as { run: string };
  const run = await findRun(database, callerOf(request).workspace, id);
  if (!run) throw notFound(`run "${id}"`);
  return run;
}

/** A run that goes on from another, or repeats it, is found by the same name and labels. */
export const detailsOf = ({ name, labels }: RunRow): { name?: string; labels: Record<string, string> } => ({
  ...(name === null ? {} : { name }),
  labels: { ...labels },
});

export async function answerRuns({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const query = runQuery.parse(request.query);
  const [createdAt, id] = query.after ?? [];
  const found = await listRuns(database, {
    workspace: callerOf(request).workspace,
    phases: query.status,
    processes: query.process,
    executing: query.executing,
    name: query.name,
    text: query.text,
    ...(query.label === undefined ? {} : { labels: labelsOf(query.label) }),
    ascending: query.sort === 'created',
    ...(createdAt !== undefined && id !== undefined ? { after: { createdAt, id } } : {}),
    limit: query.limit + 1,
  });
  const page = found.slice(0, query.limit);
  const last = found.length > query.limit ? page.at(-1) : undefined;
  await reply.send({
    runs: page.map(runView),
    ...(last ? { next: nextPage(request, cursorOf(last.createdAt.toISOString(), last.id)) } : {}),
  });
}

const labelsOf = (given: readonly string[]): Record<string, string> =>
  Object.fromEntries(given.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]));

/** Address of the next page, relative to the host: the same request with another `after`. */
export function nextPage(request: FastifyRequest, after: string): string {
  const [path = '', query = ''] = request.url.split('?');
  const parameters = new URLSearchParams(query);
  parameters.set('after', after);
  return `${path}?${parameters.toString()}`;
}

export async function answerRun(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const run = await runOf(context, request);
  const { engine, state } = await readState(context, run);
  const { limits } = state;
  await reply.send({
    ...runView(run),
    ...(limits && { limits: { runSeconds: limits.run, stepSeconds: limits.step } }),
    nodes: await withReasons(context, run, engine.nodeStatuses(state)),
  });
}

export const dismissQuery = z.object({ purge: flag().describe('delete it for good') });

export async function dismissOwn(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { run: id } = request.params as { run: string };
  if (dismissQuery.parse(request.query).purge) return deleteOwn(context, request, reply);
  const run = await dismissRun(context, { workspace: callerOf(request).workspace, run: id, by: nameOf(request.principal) });
  if (!run) throw notFound(`run "${id}"`);
  await reply.send(runView(run));
}

/** Only its own workspace deletes a run: whoever carried it out for another does not. */
async function deleteOwn(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const run = await runOf(context, request);
  if (run.workspace !== callerOf(request).workspace) throw notFound(`run "${run.id}" of this workspace`);
  const deletion = await deleteRun(context, run.id);
  if (deletion.kind === 'missing') throw notFound(`run "${run.id}"`);
  if (deletion.kind === 'refused') throw new Problem({ status: 409, title: 'Conflict', detail: deletion.reason });
  await reply.status(204).send();
}

async function withReasons(
  { database }: ApiContext,
  run: RunRow,
  nodes: NodeStatus[],
): Promise<(NodeStatus & { queue?: { since: string; ahead: number } })[]> {
  const ready = await findReadyNodes(database, run.id);
  return nodes.map((node) => {
    const row = ready.get(node.node);
    if (!row) return node;
    return { ...node, ...(row.reason === null ? {} : { reason: row.reason }), queue: { since: row.since.toISOString(), ahead: row.ahead } };
  });
}

export function runView(run: RunRow) {
  return {
    run: run.id,
    workspace: run.workspace,
    ...(run.executingWorkspace === run.workspace ? {} : { executing: run.executingWorkspace }),
    process: { workspace: run.processWorkspace, id: run.processId, version: run.processVersion, digest: run.processDigest },
    ...(run.name === null ? {} : { name: run.name }),
    labels: run.labels,
    ...(run.resumes === null ? {} : { resumes: run.resumes }),
    priority: run.priority,
    weight: run.weight,
    status: run.phase,
    progress: run.progress,
    message: run.message,
    version: run.version,
    ...(run.failure === null ? {} : { failure: run.failure }),
    ...(run.attention === null ? {} : { attention: run.attention }),
    stopped: run.stopped,
    created: run.createdAt.toISOString(),
    ...(run.startedAt === null ? {} : { started: run.startedAt.toISOString() }),
    ...(run.finishedAt === null ? {} : { finished: run.finishedAt.toISOString() }),
    updated: run.updatedAt.toISOString(),
  };
}
