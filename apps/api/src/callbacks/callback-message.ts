import type { ApiContext } from '../context.ts';
import { json } from '../faces/ogc/base.ts';
import { outputsOf } from '../faces/ogc/output-value.ts';
import { resultNotReady, runFailed } from '../faces/ogc/problems.ts';
import { statusInfo } from '../faces/ogc/status-info.ts';
import type { RunRow } from '../runs/find-runs.ts';
import { readOutputs } from '../runs/read-results.ts';
import type { Callback } from './callback-rows.ts';

export interface Message {
  readonly type: string;
  readonly body: unknown;
}

/** What a subscriber is told (18-062r2, 7.11.5): the results, the status, or the exception. Undefined where there is nothing of that kind to tell. */
export async function messageOf(
  { objects }: Pick<ApiContext, 'objects'>,
  { kind, base }: Callback,
  run: RunRow,
): Promise<Message | undefined> {
  const ended = run.phase === 'failed' || run.phase === 'dismissed';
  switch (kind) {
    case 'inProgress':
      return run.startedAt === null ? undefined : { type: json, body: statusInfo(run, base) };
    case 'success': {
      const outputs = run.phase === 'successful' ? await readOutputs(objects, run) : undefined;
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
  }
}
