import { nameOf } from '@runnel/access';
import { RunStatus } from '@runnel/contracts';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { readJson } from '../../http/body.ts';
import { changeRun } from '../../runs/change-run.ts';
import { dismissRun } from '../../runs/dismiss-run.ts';
import { listRuns } from '../../runs/list-runs.ts';
import { isFinal } from '../../runs/run-row.ts';
import { plainText, runLabels, runName } from '../../runs/run-details.ts';
import { notFound } from './problems.ts';
import { runOf, runView } from './runs.ts';

export const changeRequest = z
  .strictObject({
    name: runName.nullable(),
    labels: runLabels.describe('all of them: those that are not named are gone'),
    priority: z.int().min(-100).max(100).describe('whose steps go first among the runs of the workspace'),
    weight: z.number().min(0.1).max(100).describe('places it gets beside a run of weight 1'),
  })
  .partial();

export const dismissRequest = z
  .strictObject({
    runs: z.array(z.uuid()).max(1000),
    status: z.array(RunStatus).max(10),
    process: z.array(plainText(128)).max(100),
    name: runName,
    labels: runLabels,
  })
  .partial()
  .refine((given) => Object.values(given).some((value) => value !== undefined), 'name the runs, or a filter: {} would be all of them');

export const dismissedSchema = z.object({
  dismissed: z.array(z.uuid()),
  more: z.boolean().describe('there are others that the filter lets through: ask again'),
});

/** PATCH /api/v1/runs/{run}. */
export async function changeOwn(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const run = await runOf(context, request);
  const { workspace } = callerOf(request);
  if (run.workspace !== workspace) throw notFound(`run "${run.id}" of this workspace`);
  const changes = changeRequest.parse(await readJson(request, 100_000));
  const sharing = changes.priority !== undefined || changes.weight !== undefined;
  if (sharing && run.executingWorkspace !== workspace)
    throw new Problem({
      status: 403,
      title: 'Forbidden',
      detail: `the run executes in ${run.executingWorkspace}, which shares its places itself`,
    });
  await changeRun(context.database, run.id, changes);
  context.runs.forget(run.id);
  await reply.send(runView(await runOf(context, request)));
}

/** So many are dismissed by one request. */
const most = 1000;

/** POST /api/v1/runs/dismiss: runs that have ended stay as they are. */
export async function dismissMany(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { runs, status, process, name, labels: wanted } = dismissRequest.parse(await readJson(request, 1_000_000));
  const { workspace } = callerOf(request);
  const open = (status ?? RunStatus.options).filter((phase) => !isFinal(phase));
  const filter = { workspace, ids: runs, phases: open, processes: process, name, labels: wanted, limit: most + 1 };
  const found = await listRuns(context.database, filter);
  const dismissed: string[] = [];
  for (const { id } of found.slice(0, most)) {
    const run = await dismissRun(context, { workspace, run: id, by: nameOf(request.principal) });
    if (run?.phase === 'dismissed') dismissed.push(id);
  }
  await reply.send({ dismissed, more: found.length > most });
}
