import type { Json, JsonObject } from '@runnel/cwl';
import { containsReference, resolveValue } from '@runnel/engine';
import { readValue } from '@runnel/objects';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import { originOf } from '../../http/origin.ts';
import type { RunRow } from '../../runs/run-row.ts';
import { toLinks } from '../../runs/read-results.ts';
import { readState } from '../../runs/read-state.ts';
import type { Link } from './base.ts';
import { json, ogcBase } from './base.ts';
import { runsWorkspace } from './caller.ts';
import { alternateLinks, encodingOf, sendPage } from './pages.ts';
import { noSuchJob } from './problems.ts';

/** Largest stored input that is shown, in bytes. */
const largest = 64 * 1024 * 1024;

/** The run that the address names, for this caller. */
export async function runOfRequest({ runs }: Pick<ApiContext, 'runs'>, request: FastifyRequest): Promise<RunRow> {
  const { job } = request.params as { job: string };
  const run = await runs.find(runsWorkspace(request), job);
  if (!run) throw noSuchJob(job);
  return run;
}

/** Inputs with which a run was accepted, defaults among them; files as links whose addresses begin with `origin`, those without one by name. */
export async function inputsOfRun(
  context: Pick<ApiContext, 'database' | 'packages' | 'objects'>,
  run: RunRow,
  origin: string,
): Promise<JsonObject> {
  const { state } = await readState(context, run);
  const inputs: JsonObject = state.accepted?.inputs ?? {};
  const read = async (key: string): Promise<Json> => (await readValue(context.objects, key, largest)) as Json;
  const resolved = containsReference(inputs) ? ((await resolveValue(inputs, read)) as JsonObject) : inputs;
  const given = Object.entries(resolved).filter(([, value]) => value !== null);
  return Object.fromEntries(given.map(([id, value]) => [id, toLinks(value, origin)]));
}

/** GET /jobs/{id}/inputs (24-051). */
export async function answerInputs(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const run = await runOfRequest(context, request);
  const inputs = await inputsOfRun(context, run, originOf(request, context.config.publicUrl));
  await sendAbout(context, request, reply, run, 'inputs', { inputs });
}

/** GET /jobs/{id}/definition (24-051): the execute request that makes the same job. */
export async function answerDefinition(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const run = await runOfRequest(context, request);
  const inputs = await inputsOfRun(context, run, originOf(request, context.config.publicUrl));
  const process = `${ogcBase(request, context.config.publicUrl)}/processes/${encodeURIComponent(run.processId)}`;
  await sendAbout(context, request, reply, run, 'definition', { process, inputs, ...run.request });
}

async function sendAbout(
  { config }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  run: RunRow,
  what: string,
  document: object,
): Promise<void> {
  const job = `${ogcBase(request, config.publicUrl)}/jobs/${run.id}`;
  const links: Link[] = [
    { rel: 'self', type: json, title: `The job's ${what}`, href: `${job}/${what}` },
    ...alternateLinks(`${job}/${what}`, encodingOf(request)),
    { rel: 'up', type: json, title: 'Status', href: job },
  ];
  await sendPage(request, reply, JSON.stringify({ ...document, links }), `Job ${run.id}: ${what}`);
}
