import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { followLog } from '../../follow/follow-log.ts';
import { flag, numeric } from '../../http/query.ts';
import { findStep } from '../../runs/find-steps.ts';
import { readState } from '../../runs/read-state.ts';
import { logObjects, readLog } from '../../runs/stored-log.ts';
import { notFound } from './problems.ts';
import { runOf } from './runs.ts';

export const logQuery = z.object({
  follow: flag().describe('go on until the step ends'),
  attempt: numeric(z.coerce.number().int().min(1).optional()).describe('an earlier attempt; default: the current one'),
});

/** Log of a step as plain text; empty for one that has not begun. */
export async function answerLog(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { step } = request.params as { step: string };
  const { follow, attempt } = logQuery.parse(request.query);
  const run = await runOf(context, request);
  const row = await findStep(context.database, run.id, step);
  if (!row) {
    const { engine, state } = await readState(context, run);
    if (!engine.elementStatus(state, step)) throw notFound(`step "${step}" in run ${run.id}`);
  }
  void reply.type('text/plain; charset=utf-8').header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
  if (follow && attempt === undefined) {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    // It may still be open when the service ends.
    await reply
      .header('connection', 'close')
      .send(Readable.from(followLog(context, run, step, AbortSignal.any([context.stopping, gone.signal]))));
    return;
  }
  // Only the current attempt's row names its objects.
  const wanted = row && (attempt === undefined || attempt === row.attempt ? row : { ...row, attempt, logs: null });
  const parts = wanted ? await logObjects(context.objects, run, wanted) : [];
  await reply.send(Readable.from(readLog(context.objects, parts, 0)));
}
