import { nameOf } from '@runnel/access';
import { visitPathValues } from '@runnel/cwl';
import type { Json, JsonObject } from '@runnel/cwl';
import { compareRuns, containsReference, resolveValue } from '@runnel/engine';
import type { ComparedStep } from '@runnel/engine';
import { readValue } from '@runnel/objects';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { decide } from '../../audit/decide.ts';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { readJson } from '../../http/body.ts';
import { deployProcess } from '../../processes/deploy-process.ts';
import type { DeployedProcess } from '../../processes/find-process.ts';
import { limitsRequest } from '../../quotas/time-limits.ts';
import { scheme } from '../../runs/addresses.ts';
import type { RunRow } from '../../runs/run-row.ts';
import { readState } from '../../runs/read-state.ts';
import { reusableSteps } from '../../runs/resumed-run.ts';
import type { ResumedRun } from '../../runs/resumed-run.ts';
import { ogcBase } from '../ogc/base.ts';
import { placeOf, start } from '../ogc/execute.ts';
import { badInputs, deploymentProblem, noSuchProcess } from '../ogc/problems.ts';
import { notFound } from './problems.ts';
import { detailsOf, runOf, runView } from './runs.ts';
import { runSchema } from './schemas.ts';

export const resumeRequest = z.strictObject({
  inputs: z.record(z.string(), z.unknown()).default({}).describe('those that change; all others are as they were'),
  workflow: z.string().min(1).optional().describe('edited CWL document; it is deployed as the next version of the process'),
  limits: limitsRequest.optional(),
});

export const resumedSchema = z.object({
  run: runSchema,
  resumes: z.uuid(),
  steps: z
    .array(
      z.object({
        step: z.string().describe('without indices: `tile`, `sub/merge`'),
        reused: z.int().describe('so many results are taken over; what else the step has to do is carried out'),
        repeated: z.string().optional().describe('why something of it is carried out'),
      }),
    )
    .describe('what is known before anything runs; a step whose inputs come out as they were is reused even so'),
});

/** Bytes of a stored input. */
const largest = 64 * 1024 * 1024;

const conflict = (detail: string): Problem => new Problem({ status: 409, title: 'Conflict', detail });

/** POST /api/v1/runs/{run}/resume: a new run that takes over what succeeded in one that failed or was dismissed. */
export async function resumeRun(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const before = await runOf(context, request);
  const { workspace } = callerOf(request);
  if (before.workspace !== workspace) throw notFound(`run "${before.id}" of this workspace`);
  const { inputs, workflow, limits } = resumeRequest.parse(await readJson(request, context.config.maxRequestBytes));
  if (before.phase === 'successful') throw conflict('the run was successful: there is nothing to resume; run it again instead');
  if (before.phase !== 'failed' && before.phase !== 'dismissed')
    throw conflict(`the run is ${before.phase}: it can be resumed when it has ended`);
  const { processWorkspace: owner, processId: id } = before;
  const executing = await placeOf(context, request, owner, id);
  if (executing === undefined) throw noSuchProcess(id);
  if (executing !== before.executingWorkspace)
    throw conflict(`the run executed in ${before.executingWorkspace}, and would now in ${executing}: its results are not there`);
  const { state } = await readState(context, before);
  const earlier = await earlierInputs(context, request, state.accepted?.inputs ?? {}, executing);
  const process = workflow === undefined ? await pinned(context, before) : await deployEdited(context, request, before, workflow);
  const resumes: ResumedRun = { run: before.id, inputs: earlier, results: await reusableSteps(context, before.id) };
  const { run } = await start(context, request, {
    process,
    executing,
    body: { inputs, ...before.request, ...detailsOf(before), limits },
    resumes,
    ...(state.accepted?.catalogue === true ? { catalogue: true } : {}),
  });
  const after = await readState(context, run);
  const [old, edited] = await Promise.all([
    context.packages.get(pinOf(before, state.accepted?.entry ?? '')),
    context.packages.get(process),
  ]);
  const compared = compareRuns(
    { package: old.package, entry: state.accepted?.entry ?? '', inputs: state.accepted?.inputs ?? {} },
    { package: edited.package, entry: process.entry, inputs: after.state.accepted?.inputs ?? {} },
  );
  await reply
    .status(201)
    .header('location', `/api/v1/runs/${run.id}`)
    .send({ run: runView(run), resumes: before.id, steps: stepsOf(compared, resumes.results) });
}

const pinOf = ({ processWorkspace: workspace, processDigest: digest }: RunRow, entry: string) => ({ workspace, digest, entry });

/** The version that the run had, also where there is a newer one, or none any more: a package never changes. */
async function pinned(context: ApiContext, before: RunRow): Promise<DeployedProcess> {
  const { state } = await readState(context, before);
  return {
    ...pinOf(before, state.accepted?.entry ?? ''),
    id: before.processId,
    revision: Number(before.processVersion),
    sourceKey: '',
    mediaType: '',
  };
}

async function deployEdited(context: ApiContext, request: FastifyRequest, before: RunRow, text: string): Promise<DeployedProcess> {
  const { processWorkspace: owner, processId: id } = before;
  const decision = await decide(
    context,
    { principal: request.principal, action: 'process.deploy', resource: { workspace: owner } },
    request,
  );
  if (!decision.allow)
    throw new Problem({
      status: 403,
      title: 'Forbidden',
      detail: `an edited workflow is a new version of ${owner}/${id}: this token may not deploy it`,
    });
  const outcome = await deployProcess(context, {
    workspace: owner,
    mode: 'replace',
    id,
    document: { text },
    by: nameOf(request.principal),
  });
  if (outcome.kind !== 'deployed') throw deploymentProblem(outcome, ogcBase(request, context.config.publicUrl));
  const process = await context.processes.find(owner, id);
  if (!process) throw noSuchProcess(id);
  return process;
}

/** Whoever resumes must still have the right to read what other workspaces lent. */
async function earlierInputs(context: ApiContext, request: FastifyRequest, inputs: JsonObject, executing: string): Promise<JsonObject> {
  const read = async (key: string): Promise<Json> => (await readValue(context.objects, key, largest)) as Json;
  const resolved = containsReference(inputs) ? ((await resolveValue(inputs, read)) as JsonObject) : inputs;
  const named: { path: string; workspace: string; action: 'file.read' | 'run.read' }[] = [];
  for (const [path, value] of Object.entries(resolved)) {
    visitPathValues(value, ({ location }) => {
      if (typeof location !== 'string' || !location.startsWith(scheme)) return;
      const [workspace = '', folder] = location.slice(scheme.length).split('/');
      if (workspace !== executing || folder !== 'values')
        named.push({ path, workspace, action: folder === 'files' ? 'file.read' : 'run.read' });
    });
  }
  for (const { path, workspace, action } of named) {
    const decision = await decide(context, { principal: request.principal, action, resource: { workspace } }, request);
    if (!decision.allow)
      throw badInputs([{ path, message: 'a file that the run had is not there for this token any more: give another one' }]);
  }
  return resolved;
}

function stepsOf(compared: readonly ComparedStep[], results: ResumedRun['results']): z.output<typeof resumedSchema>['steps'] {
  const counts = new Map<string, number>();
  for (const { step } of results) {
    const node = step.replaceAll(/\[\d+\]/g, '');
    counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return compared.map(({ step, same, why }) => {
    const reused = same === undefined ? 0 : (counts.get(same) ?? 0);
    if (same !== undefined) return { step, reused, repeated: reused === 0 ? 'it had not succeeded' : 'what of it had not succeeded' };
    return { step, reused, repeated: why === 'never-reused' ? neverReused : 'it, or something that it depends on, was changed' };
  });
}

const neverReused = 'its results are not to be used again (WorkReuse, secrets, the network, changes in place)';
