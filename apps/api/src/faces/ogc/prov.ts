import type { Json, JsonObject } from '@runnel/cwl';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import { originOf } from '../../http/origin.ts';
import type { RunRow } from '../../runs/run-row.ts';
import { findSteps } from '../../runs/find-steps.ts';
import type { StepRow } from '../../runs/find-steps.ts';
import { readOutputs, toLinks } from '../../runs/read-results.ts';
import { ogcBase } from './base.ts';
import { inputsOfRun, runOfRequest } from './job-origin.ts';

/** Steps that are told one by one. */
const mostSteps = 10_000;

/** GET /jobs/{id}/prov (24-051): where the results come from, as PROV-JSON, from what really ran. */
export async function answerProv(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const run = await runOfRequest(context, request);
  const origin = originOf(request, context.config.publicUrl);
  const base = ogcBase(request, context.config.publicUrl);
  const inputs = await inputsOfRun(context, run, origin);
  const outputs = Object.entries((await readOutputs(context, run)) ?? {}).filter(([, value]) => value !== null);
  const steps = await findSteps(context.database, run.id, '', mostSteps);
  const links = Object.fromEntries(outputs.map(([id, value]) => [id, toLinks(value, origin)]));
  const document = provOf(run, `${base}/jobs/${run.id}/`, `${base}/processes/${encodeURIComponent(run.processId)}`, inputs, links, steps);
  // As bytes: Fastify would add a charset.
  await reply.header('content-type', 'application/json').send(Buffer.from(JSON.stringify(document)));
}

type Records = Record<string, JsonObject>;

/** PROV-JSON (W3C submission of 2013): the run and its steps as activities, inputs, outputs and the process as entities. */
function provOf(
  run: RunRow,
  namespace: string,
  process: string,
  inputs: JsonObject,
  outputs: JsonObject,
  steps: readonly StepRow[],
): Record<string, Records | Record<string, string>> {
  const plan = 'job:process';
  const entity: Records = {
    [plan]: {
      'prov:type': 'prov:Plan',
      'prov:location': process,
      'runnel:version': run.processVersion,
      'runnel:digest': run.processDigest,
    },
  };
  const used: Records = {};
  const wasGeneratedBy: Records = {};
  for (const [id, value] of Object.entries(inputs)) {
    entity[`job:inputs/${id}`] = entityOf(value);
    used[`_:used-${id}`] = { 'prov:activity': 'job:run', 'prov:entity': `job:inputs/${id}` };
  }
  for (const [id, value] of Object.entries(outputs)) {
    entity[`job:outputs/${id}`] = entityOf(value);
    const at = run.finishedAt === null ? {} : { 'prov:time': run.finishedAt.toISOString() };
    wasGeneratedBy[`_:generated-${id}`] = { 'prov:activity': 'job:run', 'prov:entity': `job:outputs/${id}`, ...at };
  }
  const activity: Records = { 'job:run': { ...times(run), 'prov:label': run.processId, 'runnel:status': run.phase } };
  const wasAssociatedWith: Records = { '_:run': { 'prov:activity': 'job:run', 'prov:agent': 'runnel:engine', 'prov:plan': plan } };
  const wasInformedBy: Records = {};
  for (const step of steps) {
    const id = `job:steps/${step.step}`;
    const ended = {
      'runnel:attempt': step.attempt,
      'runnel:state': step.state,
      ...(step.exitCode === null ? {} : { 'runnel:exitCode': step.exitCode }),
    };
    activity[id] = { ...times(step), 'prov:label': step.step, ...ended };
    wasInformedBy[`_:informed-${step.step}`] = { 'prov:informed': id, 'prov:informant': 'job:run' };
    if (step.executor === null) continue;
    wasAssociatedWith[`_:step-${step.step}`] = { 'prov:activity': id, 'prov:agent': `runnel:executors/${step.executor}` };
  }
  const executors = [...new Set(steps.flatMap(({ executor }) => executor ?? []))];
  const agents = ['engine', ...executors.map((executor) => `executors/${executor}`)];
  const agent: Records = Object.fromEntries(agents.map((name) => [`runnel:${name}`, { 'prov:type': 'prov:SoftwareAgent' }]));
  const prefix = { job: namespace, runnel: 'urn:runnel:' };
  return { prefix, entity, activity, agent, used, wasGeneratedBy, wasAssociatedWith, wasInformedBy };
}

function times({ startedAt, finishedAt }: Pick<RunRow, 'startedAt' | 'finishedAt'>): JsonObject {
  return {
    ...(startedAt === null ? {} : { 'prov:startTime': startedAt.toISOString() }),
    ...(finishedAt === null ? {} : { 'prov:endTime': finishedAt.toISOString() }),
  };
}

/** Files by their address and checksum; values as they are, where they are short. */
function entityOf(value: Json): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && typeof value['href'] === 'string') {
    const { href, type, checksum, size } = value;
    return {
      'prov:location': href,
      ...(type === undefined ? {} : { 'runnel:mediaType': type }),
      ...(checksum === undefined ? {} : { 'runnel:checksum': checksum }),
      ...(size === undefined ? {} : { 'runnel:size': size }),
    };
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return { 'prov:value': text.length > 1000 ? `${text.slice(0, 1000)}…` : text };
}
