import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import { followRun } from '../../follow/follow-run.ts';
import { isFinal } from '../../runs/run-row.ts';
import { runOf } from './runs.ts';

/** Bytes that may wait for a slow reader; one that takes longer is cut off and comes back with the last id it saw. */
const mostBuffered = 1024 * 1024;

/**
 * News of a run as server-sent events (HTML standard, 9.2) until it is final. Ids are versions of the run: `Last-Event-ID` goes on behind one.
 * Who comes back to a run that has ended and has seen everything gets 204, which tells an EventSource to stop.
 */
export async function streamEvents(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const run = await runOf(context, request);
  const after = lastEventId(request);
  if (after !== undefined && after >= run.version && isFinal(run.phase)) {
    await reply.status(204).send();
    return;
  }
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const signal = AbortSignal.any([context.stopping, gone.signal]);
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    // It ends with the run or the service: nothing comes after it on this connection.
    connection: 'close',
  });
  raw.write('retry: 1000\n\n');
  try {
    for await (const news of followRun(context, run, after, signal)) {
      raw.write(news === undefined ? ': still here\n\n' : `id: ${news.version}\nevent: status\ndata: ${JSON.stringify(news)}\n\n`);
      if (raw.writableLength <= mostBuffered) continue;
      raw.destroy();
      return;
    }
  } catch (error) {
    // The answer has begun: its reader comes back with the last id it saw.
    context.logger.warn({ error, run: run.id }, 'a stream of events broke');
  }
  raw.end();
}

function lastEventId(request: FastifyRequest): number | undefined {
  const value = request.headers['last-event-id'];
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
