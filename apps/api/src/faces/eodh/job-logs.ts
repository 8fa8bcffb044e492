import { Readable } from 'node:stream';
import type { ObjectStore } from '@runnel/objects';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import { findStep, findSteps } from '../../runs/find-steps.ts';
import type { StepRow } from '../../runs/find-steps.ts';
import type { RunRow } from '../../runs/run-row.ts';
import type { LogObject } from '../../runs/stored-log.ts';
import { logObjects, readLog, stageIn, stageOut } from '../../runs/stored-log.ts';
import { jobOf } from './jobs.ts';
import { logName, stepsNamed } from './log-names.ts';
import { noSuchLog } from './problems.ts';

/** Logs that a status links to; of a wider scatter the others are there by their names all the same. */
const mostLinks = 1000;

/** Names of a run's logs: staging in, its steps, staging out. They are there while it runs. */
export async function logsOf({ database, objects }: ApiContext, run: RunRow): Promise<string[]> {
  const [begin, steps, end] = await Promise.all([
    stagingLog(objects, run, stageIn),
    findSteps(database, run.id, '', mostLinks),
    stagingLog(objects, run, stageOut),
  ]);
  const names = new Set(steps.map(({ step }) => step));
  return [
    ...(begin.length > 0 ? [stageIn] : []),
    ...steps.map(({ step }) => logName(step, (name) => names.has(name))),
    ...(end.length > 0 ? [stageOut] : []),
  ];
}

/** GET /jobs/{id}/{name}.log. */
export async function answerLog(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { log } = request.params as { log: string };
  const run = await jobOf(context, request);
  const parts = log.endsWith('.log') ? await partsOf(context, run, log.slice(0, -'.log'.length)) : undefined;
  if (!parts) throw noSuchLog(log);
  await reply
    .type('text/plain; charset=utf-8')
    .headers({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
    .send(Readable.from(readLog(context.objects, parts, 0)));
}

async function partsOf(context: ApiContext, run: RunRow, name: string): Promise<readonly LogObject[] | undefined> {
  if (name === stageIn || name === stageOut) {
    const parts = await stagingLog(context.objects, run, name);
    return parts.length > 0 ? parts : undefined;
  }
  const step = await firstOf(context, run, stepsNamed(name));
  return step && logObjects(context.objects, run, step);
}

async function firstOf({ database }: ApiContext, run: RunRow, names: readonly string[]): Promise<StepRow | undefined> {
  for (const name of names) {
    const step = await findStep(database, run.id, name);
    if (step) return step;
  }
  return undefined;
}

async function stagingLog(objects: ObjectStore, { executingWorkspace, id }: RunRow, name: string): Promise<LogObject[]> {
  const parts: LogObject[] = [];
  for await (const { key, size } of objects.list(`${executingWorkspace}/logs/${id}/${name}/`)) parts.push({ key, size });
  return parts;
}
