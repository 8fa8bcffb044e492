import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import { originOf } from '../../http/origin.ts';
import { findRun } from '../../runs/find-runs.ts';
import type { RunRow } from '../../runs/find-runs.ts';
import { readResults } from '../../runs/read-results.ts';
import { json } from './base.ts';
import { noSuchJob, resultNotReady, runFailed } from './problems.ts';

/** GET /jobs/{id}/results: the document form (18-062r2, 7.13.2). */
export async function answerResults(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace, job } = request.params as { workspace: string; job: string };
  const run = await findRun(context.database, workspace, job);
  if (!run) throw noSuchJob(job);
  await sendResults(context, request, reply, run);
}

export async function sendResults(
  { objects, config }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  run: RunRow,
): Promise<void> {
  if (run.phase === 'failed') throw runFailed(run.failure, run.message);
  if (run.phase === 'dismissed') throw resultNotReady('the run was dismissed: it has no results');
  if (run.phase !== 'successful') throw resultNotReady('the run has not ended yet');
  const results = await readResults(objects, run, originOf(request, config.publicUrl));
  if (!results) throw resultNotReady('the run has no result document');
  await reply.type(json).send(JSON.stringify(results));
}
