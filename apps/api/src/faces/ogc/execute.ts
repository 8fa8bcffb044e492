import { currentTraceparent } from '@runnel/service';
import type { JsonObject } from '@runnel/cwl';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { waitForEnd } from '../../follow/follow-run.ts';
import { readJson } from '../../http/body.ts';
import { originOf } from '../../http/origin.ts';
import { acceptRun } from '../../runs/accept-run.ts';
import type { RunRow } from '../../runs/find-runs.ts';
import { isFinal } from '../../runs/find-runs.ts';
import { json, ogcBase } from './base.ts';
import { toInputObject } from './execute-inputs.ts';
import { readPrefer } from './prefer.ts';
import { badInputs, noSuchProcess } from './problems.ts';
import { sendResults } from './results.ts';
import { statusInfo } from './status-info.ts';

/**
 * Execute request (18-062r2, 7.11.2). Outputs are always all of them, as a document. Values are not looked at here: they came as JSON, and the
 * process says what they must be.
 */
export const executeRequest = z.object({
  inputs: z.record(z.string(), z.unknown()).default({}),
  outputs: z.record(z.string(), z.unknown()).optional(),
  response: z.enum(['raw', 'document']).optional(),
  subscriber: z.unknown().optional(),
});

/** POST /processes/{id}/execution. */
export async function execute(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace, process: id } = request.params as { workspace: string; process: string };
  const process = await context.processes.find(workspace, id);
  if (!process) throw noSuchProcess(id);
  const body = executeRequest.parse(await readJson(request, context.config.maxRequestBytes));
  const { package: pkg } = await context.packages.get(process);
  const main = pkg.processes[process.entry] ?? { inputs: [] };
  const outcome = await acceptRun(context, {
    process,
    caller: { principal: request.principal, workspace, origins: originsOf(context, request) },
    inputs: toInputObject(body.inputs as JsonObject, main),
    traceparent: traceparentOf(request),
  });
  if (outcome.kind === 'refused') throw badInputs(outcome.faults);
  await answer(context, request, reply, outcome.run);
}

/** 201 with the job, or its results where the caller waits and they come in time. */
async function answer(context: ApiContext, request: FastifyRequest, reply: FastifyReply, accepted: RunRow): Promise<void> {
  const prefer = readPrefer(request.headers.prefer);
  const run = prefer.wait === undefined ? accepted : await waitForEnd(context, accepted, prefer.wait * 1000, context.stopping);
  const base = ogcBase(request, context.config.publicUrl);
  void reply.header('location', `${base}/jobs/${run.id}`);
  if (prefer.wait !== undefined && isFinal(run.phase)) {
    // A POST answers 201 unless told otherwise.
    void reply.status(200).header('preference-applied', `wait=${prefer.wait}`);
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
