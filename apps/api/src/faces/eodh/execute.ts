import { placeRun } from '@runnel/access';
import type { JsonObject } from '@runnel/cwl';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { readJson } from '../../http/body.ts';
import { acceptOnce } from '../../idempotency/accept-once.ts';
import { idempotentRequest } from '../../idempotency/idempotency-key.ts';
import { json } from '../ogc/base.ts';
import { executeRequest } from '../ogc/execute-request.ts';
import { inputsOf, originsOf, traceparentOf } from '../ogc/execute.ts';
import { fetchValues } from '../ogc/fetch-values.ts';
import { eodhBase, workspaceIn } from './base.ts';
import { foreignProcess } from './problems.ts';
import { eodhStatus } from './status-info.ts';

/**
 * POST /processes/{id}/execution (contract of the EODH face, section 1.6). Inputs that the process does not have are left out with a word in the
 * log: clients always send `workspace`. Others that do not fit give a run that has failed, with the reason: clients expect a job.
 */
export async function execute(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { process: id } = request.params as { process: string };
  const owner = workspaceIn(request);
  const { workspace } = callerOf(request);
  const process = await context.processes.find(owner, id);
  const placement = placeRun(owner, workspace, (await context.processes.offers(owner)).get(id));
  if (!process || !placement) throw foreignProcess(request);
  const body = executeRequest.parse(await readJson(request, context.config.maxRequestBytes));
  const { package: pkg } = await context.packages.get(process);
  const main = pkg.processes[process.entry] ?? { inputs: [] };
  const declared = new Set(main.inputs.map((input) => input.id));
  const given = Object.entries(body.inputs as JsonObject);
  const known = Object.fromEntries(given.filter(([name]) => declared.has(name)));
  const described = context.builtIns.get(process.id)?.shape.inputs;
  const fetched = described === undefined ? await fetchValues(context, known, main) : known;
  const outcome = await acceptOnce(context, {
    process,
    executing: placement.executing,
    caller: { principal: request.principal, workspace, origins: originsOf(context, request) },
    inputs: inputsOf(fetched, main, described),
    catalogue: true,
    misfit: 'fail',
    notes: given.flatMap(([name]) => (declared.has(name) || name === 'workspace' ? [] : [`ignored: the process has no input "${name}"`])),
    traceparent: traceparentOf(request),
    idempotent: idempotentRequest(request, ['execute', process.workspace, process.id, body]),
  });
  if (outcome.kind === 'refused') throw new Error('a run whose inputs do not fit is accepted and fails');
  const base = eodhBase(request, context.config.publicUrl, workspace);
  await reply
    .status(201)
    .headers({ location: `${base}/jobs/${outcome.run.id}`, 'preference-applied': 'respond-async' })
    .type(json)
    .send(JSON.stringify(eodhStatus(outcome.run, base)));
}
