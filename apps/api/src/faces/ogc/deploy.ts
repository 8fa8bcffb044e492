import { nameOf } from '@runnel/access';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { mediaTypeOfBody, readText, refuseTooLong, unsupportedType } from '../../http/body.ts';
import { once } from '../../http/query.ts';
import { deployOnce } from '../../idempotency/deploy-once.ts';
import { deployProcess, undeployProcess } from '../../processes/deploy-process.ts';
import { json, ogcBase } from './base.ts';
import { readPackage } from './ogc-package.ts';
import { deployedSummary } from './process-documents.ts';
import { deploymentProblem, unsupportedMediaType } from './problems.ts';

export const deployQuery = z.object({
  w: once(z.string().min(1).max(500).optional()).describe('id of the workflow to deploy, where the document has several'),
});

const documentTypes = ['application/cwl+yaml', 'application/cwl+json', 'application/cwl'];
/** JSON that names or holds a document (20-044, OGC Application Package). */
const packageTypes = ['application/ogcapppkg+json', 'application/json'];
export const deployTypes = [...documentTypes, ...packageTypes];

/** POST /processes. */
export async function deploy(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const base = ogcBase(request, context.config.publicUrl);
  const outcome = await deployOnce(context, request, { ...(await readDeployment(context, request)), mode: 'new' });
  if (outcome.kind !== 'deployed') throw deploymentProblem(outcome, base);
  await reply
    .status(201)
    .header('location', `${base}/processes/${encodeURIComponent(outcome.id)}`)
    .type(json)
    .send(deployedSummary(outcome.description, base));
}

/** PUT /processes/{id}. */
export async function replace(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { process: id } = request.params as { process: string };
  const base = ogcBase(request, context.config.publicUrl);
  const deployment = await readDeployment(context, request);
  if (context.builtIns.has(id)) throw deploymentProblem({ kind: 'immutable', id }, base);
  const outcome = await deployProcess(context, { ...deployment, mode: 'replace', id });
  if (outcome.kind !== 'deployed') throw deploymentProblem(outcome, base);
  await reply
    .status(204)
    .header('location', `${base}/processes/${encodeURIComponent(id)}`)
    .send();
}

/** DELETE /processes/{id}. */
export async function undeploy(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace, process: id } = request.params as { workspace: string; process: string };
  const outcome = await undeployProcess(context, workspace, id);
  if (outcome !== 'undeployed') throw deploymentProblem({ kind: outcome, id }, ogcBase(request, context.config.publicUrl));
  await reply.status(204).send();
}

/** The media type is looked at before anything else: also where the process does not exist (Part 2, abstract test of PUT). */
async function readDeployment({ config }: ApiContext, request: FastifyRequest) {
  const type = mediaTypeOfBody(request);
  if (!deployTypes.includes(type)) throw unsupportedType(type, deployTypes, unsupportedMediaType);
  refuseTooLong(request, config.maxRequestBytes);
  const { workspace } = request.params as { workspace: string };
  const { w } = deployQuery.parse(request.query);
  const text = await readText(request, config.maxRequestBytes);
  const unit = documentTypes.includes(type) ? { document: { text } } : { ...readPackage(text), source: { text, mediaType: type } };
  return {
    workspace,
    by: nameOf(request.principal),
    source: { text, mediaType: type },
    ...unit,
    document: { ...unit.document, ...(w === undefined ? {} : { entry: w }) },
  };
}
