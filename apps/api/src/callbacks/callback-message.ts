import type { ApiContext } from '../context.ts';
import { json } from '../faces/ogc/base.ts';
import { outputsOf } from '../faces/ogc/output-value.ts';
import { resultNotReady, runFailed } from '../faces/ogc/problems.ts';
import { statusInfo } from '../faces/ogc/status-info.ts';
import type { RunRow } from '../runs/run-row.ts';
import { readOutputs } from '../runs/read-results.ts';
import { runView } from '../faces/own/runs.ts';
import { endType } from '../triggers/fire-after.ts';
import type { Callback } from './callback-rows.ts';
import { wantedEnds } from './webhook-rows.ts';

export interface Message {
  readonly type: string;
  readonly body: unknown;
}

/** What a subscriber is told (18-062r2, 7.11.5): the results, the status, or the exception; a webhook: the run's end. Undefined where there is nothing of that kind to tell. */
export async function messageOf(
  { objects, database }: Pick<ApiContext, 'objects' | 'database'>,
  { kind, base }: Callback,
  run: RunRow,
): Promise<Message | undefined> {
  const ended = run.phase === 'failed' || run.phase === 'dismissed';
  switch (kind) {
    case 'inProgress':
      return run.startedAt === null ? undefined : { type: json, body: statusInfo(run, base) };
    case 'success': {
      const outputs = run.phase === 'successful' ? await readOutputs({ objects, database }, run) : undefined;
      if (!outputs) return undefined;
      const wanted = run.request?.outputs;
      const found = outputsOf(outputs, { results: `${base}/jobs/${run.id}/results`, origin: new URL(base).origin });
      const chosen = found.filter(({ id }) => wanted === undefined || wanted[id] !== undefined);
      return { type: json, body: Object.fromEntries(chosen.map(({ id, inDocument }) => [id, inDocument])) };
    }
    case 'failed': {
      if (!ended) return undefined;
      const problem = run.phase === 'failed' ? runFailed(run.failure, run.message) : resultNotReady('the run was dismissed');
      return { type: 'application/problem+json', body: { ...problem.body(), jobID: run.id } };
    }
    default: {
      const ends = await wantedEnds(database, run.workspace, kind.slice('webhook:'.length));
      return ends?.includes(run.phase) === true ? { type: 'application/cloudevents+json', body: endedEvent(run) } : undefined;
    }
  }
}

/** CloudEvent of a run's end; its id is the run's, so that a receiver knows the second copy from another event. */
function endedEvent(run: RunRow) {
  return {
    specversion: '1.0',
    id: run.id,
    source: `/workspaces/${run.workspace}/runs`,
    type: endType,
    subject: run.id,
    time: (run.finishedAt ?? run.updatedAt).toISOString(),
    datacontenttype: json,
    data: runView(run),
  };
}
