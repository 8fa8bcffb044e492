import type { DataOf, StepFinished } from '@runnel/contracts';
import type { FailureInfo } from '@runnel/engine';
import { now } from './news.ts';
import type { News } from './news.ts';

/** News of an attempt's end, from its message or from the result object that was written before it. */
export function newsOfFinished(data: DataOf<typeof StepFinished>): News {
  const { run, step, attempt, executor, outcome, outputs, failure, result, startedAt, finishedAt, logs, reuseKey, reused } = data;
  return {
    run,
    command: {
      type: 'finish-step',
      at: now(),
      step,
      attempt,
      executor,
      outcome,
      outputs,
      result,
      ...(failure ? { failure: failureOf(failure) } : {}),
    },
    attempt: { startedAt, finishedAt, logs, ...(reuseKey !== undefined && { reuseKey }), ...(reused && { reused }) },
  };
}

function failureOf({ class: kind, reason, exitCode, signal, logTail }: NonNullable<DataOf<typeof StepFinished>['failure']>): FailureInfo {
  return {
    class: kind,
    reason,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...(logTail === undefined ? {} : { logTail }),
  };
}
