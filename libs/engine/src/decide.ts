import { findElement, findNode } from './places.ts';
import { elementPlace } from './places.ts';
import type { Plan } from './plan.ts';
import type { AttemptState, RunState } from './state.ts';
import type { AcceptedRun, AttemptRef, EngineOptions, FailureInfo, RunCommand, RunEvent, RunFact } from './types.ts';

/** Waits before the second, third and fourth attempt after infrastructure faults, in milliseconds. */
export const retryDelays: readonly number[] = [1000, 5000, 25_000];

/** Faults that are not the tool's own. */
const retried: readonly string[] = ['executor-lost', 'infrastructure', 'staging'];

/** The facts that a command leads to by itself; what follows from the new state is `react`'s. Only reads the state. */
export function decide(plan: Plan, start: StartOptions, run: RunState, command: RunCommand): RunEvent[] {
  return facts(plan, start, run, command).map((fact) => ({ at: command.at, ...fact }));
}

function facts(plan: Plan, start: StartOptions, run: RunState, command: RunCommand): RunFact[] {
  if (!run.accepted) return command.type === 'accept-run' ? accept(command) : [];
  if (isOver(run)) return factsOfStopping(run, command);
  switch (command.type) {
    case 'accept-run':
      return [];
    case 'start-run':
      return run.phase === 'accepted' ? [{ type: 'run.started', data: startOf(start, run.accepted) }] : [];
    case 'record-evaluation':
      return run.evaluations.has(command.key)
        ? [{ type: 'expression.evaluated', data: { key: command.key, outcome: command.outcome } }]
        : [];
    case 'grant-steps':
      return grant(plan, run, command);
    case 'refuse-node':
      return run.readyNodes.has(command.node) ? [{ type: 'node.refused', data: { node: command.node, reason: command.reason } }] : [];
    case 'start-step':
    case 'finish-step':
    case 'hand-back-step':
    case 'lose-step':
    case 'recall-step':
    case 'confirm-stopped':
      return factsOfStep(plan, run, command);
    case 'fire-timer':
      return fireTimer(plan, run, command);
    case 'publish-results':
      return run.phase === 'publishing'
        ? [{ type: 'run.finished', data: { status: 'successful', message: 'finished', ...documentOf(command) } }]
        : [];
    case 'refuse-results':
      return run.phase === 'publishing' ? [refusal(command.reason)] : [];
    case 'dismiss-run':
      return [{ type: 'run.dismissed', data: { by: command.by } }];
  }
}

const documentOf = ({ document }: RunCommand & { type: 'publish-results' }) => (document === undefined ? {} : { document });

function accept({ accepted, refusal }: RunCommand & { type: 'accept-run' }): RunFact[] {
  const begun: RunFact = { type: 'run.accepted', data: accepted };
  if (!refusal) return [begun];
  return [
    begun,
    { type: 'run.finished', data: { status: 'failed', message: refusal.reason, failure: refusal } },
    { type: 'run.stopped', data: {} },
  ];
}

export const isOver = ({ phase }: RunState): boolean => phase === 'successful' || phase === 'failed' || phase === 'dismissed';

/** What a run that starts now gets from the installation. */
export type StartOptions = Required<Pick<EngineOptions, 'window'>> & Pick<EngineOptions, 'limits'>;

function startOf({ window, limits }: StartOptions, accepted: AcceptedRun): (RunFact & { type: 'run.started' })['data'] {
  const [run, step] = (['run', 'step'] as const).map((of) => lesser(limits?.[of], accepted.limits?.[of]));
  const allowed = { ...(run !== undefined && { run }), ...(step !== undefined && { step }) };
  return Object.keys(allowed).length === 0 ? { window } : { window, limits: allowed };
}

const lesser = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);

type StepCommand = RunCommand & {
  type: 'start-step' | 'finish-step' | 'hand-back-step' | 'lose-step' | 'recall-step' | 'confirm-stopped';
};

/** After the end only one thing is news: that an attempt is gone. A lost executor has killed its processes before its lease ended. */
function factsOfStopping(run: RunState, command: RunCommand): RunFact[] {
  switch (command.type) {
    case 'confirm-stopped':
    case 'finish-step':
    case 'hand-back-step':
      return current(run, command) ? [{ type: 'step.stopped', data: refOf(command) }] : [];
    case 'lose-step':
      return current(run, command)?.executor === command.executor ? [{ type: 'step.stopped', data: refOf(command) }] : [];
    default:
      return [];
  }
}

function factsOfStep(plan: Plan, run: RunState, command: StepCommand): RunFact[] {
  const attempt = current(run, command);
  if (!attempt) return [];
  if (attempt.recalled !== undefined) return factsOfRecalled(attempt, attempt.recalled, command);
  const ref = refOf(command);
  switch (command.type) {
    case 'confirm-stopped':
      return [];
    case 'recall-step':
      return attempt.executor === command.executor ? [{ type: 'step.recalled', data: { ...ref, reason: command.reason } }] : [];
    case 'start-step':
      if (attempt.state === 'started' && attempt.executor === command.executor) return [];
      return [{ type: 'step.started', data: { ...ref, executor: command.executor } }];
    case 'hand-back-step':
      return [{ type: 'step.handed-back', data: { ...ref, reason: command.reason } }];
    case 'lose-step':
      if (attempt.executor !== command.executor) return [];
      return failStep(plan, run, command, { class: 'executor-lost', reason: `the executor ${command.executor} was lost` });
    case 'finish-step': {
      const { outcome, outputs, failure, result } = command;
      if (outcome === 'failed') return failStep(plan, run, command, failure ?? { class: 'tool', reason: 'the tool failed' }, result);
      return [{ type: 'step.finished', data: { ...ref, outcome, outputs, ...(result !== undefined && { result }) } }];
    }
  }
}

/** It may have ended by itself before it was stopped; else the next attempt may begin: it is gone. */
function factsOfRecalled({ executor }: AttemptState, reason: string, command: StepCommand): RunFact[] {
  const ref = refOf(command);
  switch (command.type) {
    case 'start-step':
    case 'recall-step':
      return [];
    case 'lose-step':
      return executor === command.executor ? [{ type: 'step.handed-back', data: { ...ref, reason } }] : [];
    case 'hand-back-step':
    case 'confirm-stopped':
      return [{ type: 'step.handed-back', data: { ...ref, reason } }];
    case 'finish-step': {
      const { outcome, outputs, failure, result } = command;
      const data = { ...ref, outcome, outputs, ...(failure && { failure }), ...(result !== undefined && { result }) };
      if (outcome === 'success') return [{ type: 'step.finished', data }];
      const isOwnFault = failure !== undefined && failure.class !== 'stopped' && !retried.includes(failure.class);
      return isOwnFault ? [{ type: 'step.finished', data }] : [{ type: 'step.handed-back', data: { ...ref, reason } }];
    }
  }
}

/** Tried again after a wait where the fault is not the tool's own; else final. */
function failStep(plan: Plan, run: RunState, { at, ...command }: StepCommand, failure: FailureInfo, result?: string): RunFact[] {
  const ref = refOf(command);
  const failures = findElement(plan, run, ref.step)?.state?.failures ?? 0;
  const delay = retried.includes(failure.class) ? retryDelays[failures] : undefined;
  if (delay !== undefined) return [{ type: 'step.retry-scheduled', data: { ...ref, dueAt: later(at, delay), failure } }];
  const data = { ...ref, outcome: 'failed' as const, outputs: {}, failure, ...(result !== undefined && { result }) };
  return [{ type: 'step.finished', data }];
}

const later = (at: string, delay: number): string => new Date(Date.parse(at) + delay).toISOString();

function grant(plan: Plan, run: RunState, command: RunCommand & { type: 'grant-steps' }): RunFact[] {
  if (run.phase !== 'running' || !run.readyNodes.has(command.node)) return [];
  const node = findNode(plan, run, command.node);
  if (!node) return [];
  return takeFirst(node.state.ready, command.count).map((index) => {
    const { path, state } = elementPlace(node, index);
    return { type: 'step.requested', data: { step: path, attempt: state?.attempt ?? 1, executor: command.executor } };
  });
}

function fireTimer(plan: Plan, run: RunState, { kind, key }: RunCommand & { type: 'fire-timer' }): RunFact[] {
  const fired: RunFact = { type: 'timer.fired', data: { kind, key } };
  switch (kind) {
    case 'retry':
      return findElement(plan, run, key)?.state?.stage === 'retry' ? [fired] : [];
    case 'run-limit':
      return [fired];
    case 'step-limit': {
      const attempt = current(run, attemptOfLimit(key));
      return attempt?.state === 'started' && attempt.recalled === undefined ? [fired] : [];
    }
    case 'publish-limit':
      return run.phase === 'publishing' ? [fired] : [];
  }
}

/** Key of the timer that ends an attempt which takes too long. */
export const limitKey = ({ step, attempt }: AttemptRef): string => `${step}#${attempt}`;

/** The attempt that such a key names. */
export function attemptOfLimit(key: string): AttemptRef {
  const cut = key.lastIndexOf('#');
  return { step: key.slice(0, cut), attempt: Number(key.slice(cut + 1)) };
}

function refusal(reason: string): RunFact {
  const message = `the results were refused: ${reason}`;
  return { type: 'run.finished', data: { status: 'failed', message, failure: { class: 'outputs', reason: message } } };
}

/** The attempt that a command speaks of, where it is the current one. */
function current(run: RunState, { step, attempt }: AttemptRef): AttemptState | undefined {
  const found = run.attempts.get(step);
  return found?.attempt === attempt ? found : undefined;
}

const refOf = ({ step, attempt }: AttemptRef): AttemptRef => ({ step, attempt });

function takeFirst(indices: Set<number>, count: number): number[] {
  const taken: number[] = [];
  for (const index of indices) {
    if (taken.length >= count) break;
    taken.push(index);
  }
  return taken;
}
