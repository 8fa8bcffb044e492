import { placeRun } from '@runnel/access';
import type { JsonObject, Process } from '@runnel/cwl';
import { currentTraceparent } from '@runnel/service';
import type { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { waitForEnd } from '../../follow/follow-run.ts';
import { readJson } from '../../http/body.ts';
import { originOf } from '../../http/origin.ts';
import { acceptOnce } from '../../idempotency/accept-once.ts';
import { idempotentRequest } from '../../idempotency/idempotency-key.ts';
import { isFinal, type RunRow } from '../../runs/run-row.ts';
import type { ResumedRun } from '../../runs/resumed-run.ts';
import type { DeployedProcess } from '../../processes/find-process.ts';
import { refusalOf } from '../../outbound/request-outbound.ts';
import { json, ogcBase } from './base.ts';
import { processesOf, runsWorkspace } from './caller.ts';
import { readDescribedInputs } from '../../built-in/described-inputs.ts';
import type { DescribedInput } from '../../built-in/described-inputs.ts';
import { toInputObject } from './execute-inputs.ts';
import { fetchValues } from './fetch-values.ts';
import { nestedExecution } from './nested-processes.ts';
import { executeRequest, wantedResults } from './execute-request.ts';
import type { ExecuteRequest } from './execute-request.ts';
import type { Mode } from './prefer.ts';
import { modeOf, readPrefer } from './prefer.ts';
import { badInputs, noSuchOutput, noSuchProcess } from './problems.ts';
import { sendResults } from './results.ts';
import { statusInfo } from './status-info.ts';

/** POST /processes/{id}/execution. */
export async function execute(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace: owner, process: id } = request.params as { workspace: string; process: string };
  const process = await processesOf(context, request).find(owner, id);
  const executing = await placeOf(context, request, owner, id);
  if (!process || executing === undefined) throw noSuchProcess(id);
  const body = executeRequest.parse(await readJson(request, context.config.maxRequestBytes));
  const { run, mode } = await start(context, request, { process, executing, body });
  await answer(context, request, reply, run, mode);
}

/** What POST /jobs takes: an execute request that names its process, by address or id. */
export const jobRequest = executeRequest.extend({ process: z.string().min(1).max(2000) });

/** POST /jobs (24-051): the same as an execution of the process that the body names, never waited for unless the caller says so. */
export async function createJob(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace } = request.params as { workspace: string };
  const { process: address, ...body } = jobRequest.parse(await readJson(request, context.config.maxRequestBytes));
  const prefix = `${ogcBase(request, context.config.publicUrl)}/processes/`;
  const id = address.startsWith(prefix) ? address.slice(prefix.length) : address;
  const process = /^[\w.-]+$/.test(id) ? await processesOf(context, request).find(workspace, id) : undefined;
  const executing = await placeOf(context, request, workspace, id);
  if (!process || executing === undefined) throw noSuchProcess(id);
  const { run } = await start(context, request, { process, executing, body });
  const { wait } = readPrefer(request.headers.prefer);
  await answer(context, request, reply, run, wait === undefined ? { wait: 0 } : { wait, applied: `wait=${wait}` });
}

interface Start {
  readonly process: DeployedProcess;
  readonly executing: string;
  readonly body: ExecuteRequest;
  /** Its results must be a STAC catalogue. */
  readonly catalogue?: true;
  readonly resumes?: ResumedRun;
}

/** Checks an execute request and accepts its run. */
export async function start(
  context: ApiContext,
  request: FastifyRequest,
  { process: named, executing, body, catalogue, resumes }: Start,
): Promise<{ run: RunRow; mode: Mode }> {
  const nested = await nestedExecution(context, request, named, body.inputs as JsonObject);
  const process = nested?.process ?? named;
  const { package: pkg } = await context.packages.get(process);
  const main = pkg.processes[process.entry] ?? { inputs: [], outputs: [] };
  const unknown = Object.keys(body.outputs ?? {}).find((name) => !main.outputs.some(({ id }) => id === name));
  if (unknown !== undefined)
    throw noSuchOutput(
      unknown,
      main.outputs.map(({ id }) => id),
    );
  refuseSubscriber(context, request, body.subscriber);
  const description = context.builtIns.get(process.id)?.shape;
  const asked = nested?.inputs ?? (body.inputs as JsonObject);
  const given = description === undefined ? await fetchValues(context, asked, main) : asked;
  const outcome = await acceptOnce(context, {
    process,
    executing,
    ...(catalogue ? { catalogue } : {}),
    ...(resumes ? { resumes } : {}),
    caller: { principal: request.principal, workspace: runsWorkspace(request), origins: originsOf(context, request) },
    inputs: inputsOf(given, main, description?.inputs),
    limits: body.limits,
    details: body,
    request: wantedResults(body),
    base: callerBase(context, request),
    traceparent: traceparentOf(request),
    idempotent: idempotentRequest(request, ['execute', process.workspace, process.id, body, ...(resumes ? [resumes.run] : [])]),
  });
  if (outcome.kind === 'refused') throw badInputs(outcome.faults);
  return { run: outcome.run, mode: modeOf(readPrefer(request.headers.prefer), description?.jobControlOptions ?? []) };
}

/** Where a run of this caller executes; undefined where it may not. Who has no token executes what is public where all such runs are. */
export async function placeOf(context: ApiContext, request: FastifyRequest, owner: string, process: string): Promise<string | undefined> {
  const caller = runsWorkspace(request);
  if (request.principal.kind === 'anonymous') return caller;
  return placeRun(owner, caller, (await context.processes.offers(owner)).get(process))?.executing;
}

/** Jobs stand under the caller's own workspace, whosever process it was. */
function callerBase({ config }: ApiContext, request: FastifyRequest): string {
  const { principal } = request;
  return ogcBase(request, config.publicUrl, principal.kind === 'anonymous' ? undefined : principal.workspace);
}

/** Whom nobody may be told, and addresses that can never be asked, are said before anything runs. */
function refuseSubscriber({ config }: ApiContext, request: FastifyRequest, subscriber: ExecuteRequest['subscriber']): void {
  if (subscriber === undefined) return;
  const fault = (path: string, message: string): Problem => badInputs([{ path, message }]);
  if (config.callbackSecret === undefined) throw fault('subscriber', 'this service sends no callbacks (RUNNEL_CALLBACK_SECRET)');
  if (request.principal.kind === 'anonymous') throw fault('subscriber', 'callers without a token are not called back');
  for (const [name, uri] of Object.entries(subscriber)) {
    const reason = uri === undefined ? undefined : refusalOf(uri, config.outboundHosts);
    if (reason !== undefined) throw fault(`subscriber.${name}`, reason);
  }
}

/** A built-in process is checked against its description, a deployed one against its CWL, of which its description is made. */
export function inputsOf(
  inputs: JsonObject,
  main: Pick<Process, 'inputs'>,
  described: Readonly<Record<string, DescribedInput>> | undefined,
): JsonObject {
  if (described === undefined) return toInputObject(inputs, main);
  const read = readDescribedInputs(inputs, described);
  if ('faults' in read) throw badInputs(read.faults);
  return read.inputs;
}

/** The job, or its results where they are waited for and come in time. */
async function answer(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  accepted: RunRow,
  { wait, applied }: Mode,
): Promise<void> {
  const run = wait === 0 ? accepted : await waitForEnd(context, accepted, wait * 1000, context.stopping);
  const base = callerBase(context, request);
  void reply.header('location', `${base}/jobs/${run.id}`);
  if (wait > 0 && isFinal(run.phase)) {
    // A POST answers 201 unless told otherwise.
    void reply.status(200).headers(applied === undefined ? {} : { 'preference-applied': applied });
    await sendResults(context, request, reply, run);
    return;
  }
  await reply
    .status(201)
    .header('preference-applied', 'respond-async')
    .type(json)
    .send(JSON.stringify(statusInfo(run, base)));
}

export function originsOf({ config }: ApiContext, request: FastifyRequest): string[] {
  return [originOf(request, undefined), ...(config.publicUrl === undefined ? [] : [config.publicUrl.replace(/\/+$/, '')])];
}

/** The trace that what follows from a request belongs to: of its own span where spans are kept, else the caller's. */
export function traceparentOf(request: FastifyRequest): string | undefined {
  const own = currentTraceparent();
  if (own !== undefined) return own;
  const { traceparent } = request.headers;
  return typeof traceparent === 'string' && /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent) ? traceparent : undefined;
}
