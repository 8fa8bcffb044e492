import type { JsonObject } from '@runnel/cwl';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { readJson } from '../../http/body.ts';
import { originOf } from '../../http/origin.ts';
import { limitsRequest } from '../../quotas/time-limits.ts';
import { readState } from '../../runs/read-state.ts';
import { placeOf, start } from '../ogc/execute.ts';
import { inputsOfRun } from '../ogc/job-origin.ts';
import { noSuchProcess } from '../ogc/problems.ts';
import { detailsOf, runOf, runView } from './runs.ts';

export const againRequest = z.strictObject({
  inputs: z.record(z.string(), z.unknown()).default({}).describe('those that change; null takes one away'),
  limits: limitsRequest.optional(),
});

/** POST /api/v1/runs/{run}/again: its process as it is deployed now, with its inputs but for those that the body names. */
export async function runAgain(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const before = await runOf(context, request);
  const { inputs, limits } = againRequest.parse(await readJson(request, context.config.maxRequestBytes));
  const { processWorkspace: owner, processId: id } = before;
  const process = await context.processes.find(owner, id);
  const executing = await placeOf(context, request, owner, id);
  if (!process || executing === undefined) throw noSuchProcess(id);
  const given = { ...(await inputsOfRun(context, before, originOf(request, context.config.publicUrl))), ...(inputs as JsonObject) };
  const { state } = await readState(context, before);
  const { run } = await start(context, request, {
    process,
    executing,
    body: {
      inputs: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)),
      ...before.request,
      ...detailsOf(before),
      limits,
    },
    ...(state.accepted?.catalogue === true ? { catalogue: true } : {}),
  });
  await reply.status(201).header('location', `/api/v1/runs/${run.id}`).send(runView(run));
}
