import { RunOutputsReady, RunStatusChanged, StepRequested, StepStop } from '@runnel/contracts';
import type { AttemptRef, RunValues } from '@runnel/engine';
import { outgoing } from '@runnel/messaging';
import type { Outgoing } from '@runnel/messaging';
import { acceptedOf } from './known-run.ts';
import type { KnownRun } from './known-run.ts';
import type { Folded } from './fold-news.ts';
import { offloadValues } from './offload-values.ts';
import { surroundingsOf } from './surroundings-of.ts';
import type { StoredObject } from './offload-values.ts';
import type { RunChange } from './project/runs-row.ts';
import type { StepChange, StepState } from './project/steps.ts';

/** Messages to send, and what must be in the object store before they are. */
export interface Messages {
  messages: Outgoing[];
  objects: StoredObject[];
}

/** Where values of a run that are too large for events and messages are stored; the `@` keeps them apart from the engine's chunks of steps. */
export const valuesPrefix = (workspace: string, run: string, kind: 'inputs' | 'outputs' | 'events' | 'evaluations'): string =>
  `${workspace}/values/${run}/@${kind}`;

/** What the events of a batch tell others: requests to executors, outputs to the ingester, unless they are published already. */
export function messagesOf({ run, known, decided, results }: Folded): Messages {
  const all: Messages = { messages: [], objects: [] };
  for (const { event, news } of decided) {
    const made =
      event.type === 'step.requested'
        ? requestOf(run, known, event.data)
        : event.type === 'run.outputs-ready' && !results
          ? outputsOf(run, known, event.data.outputs)
          : undefined;
    if (!made) continue;
    all.messages.push(...made.messages.map((message) => ({ ...message, causation: news.cause?.id })));
    all.objects.push(...made.objects);
  }
  return all;
}

/** Asks for an attempt; nothing where it is not outstanding any more. */
export function requestOf(run: string, { engine, state }: KnownRun, ref: AttemptRef): Messages | undefined {
  const attempt = state.attempts.get(ref.step);
  if (attempt?.attempt !== ref.attempt || attempt.state === 'stopping') return undefined;
  const { workspace, process, resumes, surroundings } = acceptedOf(state);
  const job = engine.stepJob(state, ref);
  const { values, objects } = offloadValues(job.inputs, `${valuesPrefix(workspace, run, 'inputs')}/${ref.step}/${ref.attempt}`);
  const message = outgoing(StepRequested, {
    workspace,
    run,
    step: ref.step,
    attempt: ref.attempt,
    executor: attempt.executor,
    process: { workspace: process.workspace, ...job.process },
    inputs: values,
    requirements: job.requirements,
    hints: job.hints,
    ...(resumes && { reuse: resumes.results }),
    acceptedAt: job.acceptedAt,
    ...surroundingsOf(surroundings, ref.step),
  });
  return { messages: [message], objects };
}

/** Asks the ingester to publish. */
export function outputsOf(run: string, { state }: KnownRun, outputs: RunValues): Messages {
  const { workspace, process } = acceptedOf(state);
  const { values, objects } = offloadValues(outputs, valuesPrefix(workspace, run, 'outputs'));
  const { workspace: owner, id, version } = process;
  return {
    messages: [outgoing(RunOutputsReady, { workspace, run, process: { workspace: owner, id, version }, outputs: values })],
    objects,
  };
}

/** Asks executors to stop attempts; one message per executor and 500 attempts. */
export function stopsOf(run: string, workspace: string, attempts: readonly (AttemptRef & { executor: string })[]): Outgoing[] {
  const byExecutor = Map.groupBy(attempts, (attempt) => attempt.executor);
  return [...byExecutor].flatMap(([executor, steps]) =>
    chunk(steps, 500).map((part) =>
      outgoing(StepStop, { workspace, run, executor, steps: part.map(({ step, attempt }) => ({ step, attempt })) }),
    ),
  );
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

const followersWords: Record<StepState, 'requested' | 'running' | 'successful' | 'failed' | 'waiting'> = {
  requested: 'requested',
  running: 'running',
  successful: 'successful',
  failed: 'failed',
  waiting: 'waiting',
  stopping: 'running',
  stopped: 'failed',
};

/** One status message per run and batch, for followers. */
export function statusOf(workspace: string, change: RunChange, steps: readonly StepChange[]): Outgoing {
  const { run, version, phase, progress, message } = change;
  const latest = steps.slice(-100).map(({ step, attempt, state }) => ({ step, attempt, status: followersWords[state] }));
  return outgoing(RunStatusChanged, { workspace, run, version, status: phase, progress, message, steps: latest });
}
