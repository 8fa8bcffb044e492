import { attemptOfLimit } from './decide.ts';
import type { Plan } from './plan.ts';
import type { ElementPlace, InstancePlace, NodePlace } from './places.ts';
import { findElement, findInstance, findNode } from './places.ts';
import {
  continueElement,
  continueInputs,
  continueLinking,
  continueOutputs,
  decideWhen,
  dropChunk,
  endElement,
  markReady,
  startRoot,
  unmarkReady,
} from './settle.ts';
import type { ElementState, EvaluationTarget, RunState } from './state.ts';
import type { Turn } from './turn.ts';
import { fail, finishTurn, startTurn } from './turn.ts';
import type { RunEvent, RunValue, RunValues, TimerKind } from './types.ts';

/** Applies an event and all that follows from it; the state is changed in place. Throws where the event does not fit the state (a bug). */
export function evolve(plan: Plan, run: RunState, event: RunEvent): RunState {
  run.version++;
  run.at = event.at;
  const turn = startTurn(plan, run);
  apply(turn, event);
  finishTurn(turn);
  return run;
}

function apply(turn: Turn, event: RunEvent): void {
  const { run } = turn;
  switch (event.type) {
    case 'run.accepted':
      run.accepted = event.data;
      return;
    case 'run.started':
      Object.assign(run, { phase: 'running', ...event.data });
      return startRoot(turn, run.accepted?.inputs ?? {});
    case 'expression.evaluated':
      return applyEvaluation(turn, event.data);
    case 'step.requested':
    case 'step.started':
    case 'step.finished':
    case 'step.recalled':
    case 'step.handed-back':
    case 'step.retry-scheduled':
      return applyStep(turn, event);
    case 'node.refused':
      return fail(turn, { class: 'quota', reason: event.data.reason }, event.data.node);
    case 'step.stopped':
      run.attempts.delete(event.data.step);
      return;
    case 'timer.fired':
      return applyTimer(turn, event.data);
    case 'scatter.gathered':
      return dropChunk(turn, nodeAt(turn, event.data.node), event.data.chunk, event.data.key);
    case 'run.outputs-ready':
      run.phase = 'publishing';
      return;
    case 'run.dismissed':
      return end(run, 'dismissed', { message: `dismissed by ${event.data.by}` });
    case 'run.stopped':
      run.stopped = true;
      return;
    case 'run.finished': {
      const { status, message, failure, document } = event.data;
      if (failure) run.fault ??= faultOf(failure);
      return end(run, status, { message, ...(document !== undefined && { document }) });
    }
  }
}

function faultOf({
  step,
  ...failure
}: NonNullable<(RunEvent & { type: 'run.finished' })['data']['failure']>): NonNullable<RunState['fault']> {
  return { failure, ...(step !== undefined && { step }) };
}

/** Final: nothing new is asked or started, what runs is to be stopped. */
function end(run: RunState, phase: RunState['phase'], finished: NonNullable<RunState['finished']>): void {
  Object.assign(run, { phase, finished });
  for (const attempt of run.attempts.values()) attempt.state = 'stopping';
  for (const node of run.readyNodes) run.changes.nodes.add(node);
  run.readyNodes.clear();
  run.evaluations.clear();
  run.changes.evaluations.clear();
  run.gatherable = [];
}

type StepEvent = RunEvent & {
  type: 'step.requested' | 'step.started' | 'step.finished' | 'step.recalled' | 'step.handed-back' | 'step.retry-scheduled';
};

function applyStep(turn: Turn, event: StepEvent): void {
  const { run } = turn;
  const { step, attempt } = event.data;
  const element = elementAt(turn, step);
  const { state } = element;
  switch (event.type) {
    case 'step.requested':
      unmarkReady(turn, element);
      state.stage = 'running';
      run.attempts.set(step, { attempt, executor: event.data.executor, state: 'requested', since: event.at });
      return;
    case 'step.started':
      run.attempts.set(step, { attempt, executor: event.data.executor, state: 'started', since: event.at });
      return;
    case 'step.recalled': {
      const held = run.attempts.get(step);
      if (held) Object.assign(held, { state: 'stopping', recalled: event.data.reason });
      return;
    }
    case 'step.handed-back':
      run.attempts.delete(step);
      state.attempt = attempt + 1;
      return markReady(turn, element, state, event.data.reason);
    case 'step.retry-scheduled':
      run.attempts.delete(step);
      Object.assign(state, { stage: 'retry', attempt: attempt + 1, dueAt: event.data.dueAt, reason: event.data.failure.reason });
      state.failures++;
      return;
    case 'step.finished':
      run.attempts.delete(step);
      if (event.data.outcome === 'success') return endElement(turn, element, event.data.outputs);
      return fail(turn, event.data.failure ?? { class: 'infrastructure', reason: 'the attempt failed without a reason' }, step);
  }
}

function applyTimer(turn: Turn, { kind, key }: { kind: TimerKind; key: string }): void {
  const { run } = turn;
  switch (kind) {
    case 'retry': {
      const element = elementAt(turn, key);
      return markReady(turn, element, element.state);
    }
    case 'run-limit':
      return fail(turn, { class: 'time-limit', reason: `the run took longer than its limit${secondsOf(run.limits?.run)}` });
    case 'step-limit':
      return fail(
        turn,
        { class: 'time-limit', reason: `the step took longer than the limit of the run's steps${secondsOf(run.limits?.step)}` },
        attemptOfLimit(key).step,
      );
    case 'publish-limit':
      return fail(turn, { class: 'infrastructure', reason: 'publishing the results took longer than its limit' });
  }
}

const secondsOf = (seconds: number | undefined): string => (seconds === undefined ? '' : ` of ${seconds} s`);

function applyEvaluation(turn: Turn, { key, outcome }: (RunEvent & { type: 'expression.evaluated' })['data']): void {
  const target = turn.run.evaluations.get(key);
  if (!target) throw new Error(`no evaluation ${key} is pending`);
  turn.run.evaluations.delete(key);
  turn.run.changes.evaluations.delete(key);
  if ('failure' in outcome) return fail(turn, outcome.failure, stepOf(target));
  applyAnswer(turn, target, outcome.value);
}

const stepOf = (target: EvaluationTarget): string | undefined =>
  target.kind === 'source' ? target.node : 'step' in target ? target.step : target.instance || undefined;

function applyAnswer(turn: Turn, target: EvaluationTarget, value: RunValue): void {
  switch (target.kind) {
    case 'when':
      return decideWhen(turn, elementAt(turn, target.step), value);
    case 'value': {
      const element = elementAt(turn, target.step);
      return answered(element.state, element.state.answers, target.name, value, () => continueElement(turn, element));
    }
    case 'source': {
      const node = nodeAt(turn, target.node);
      return answered(node.state, node.state.answers, target.name, value, () => continueLinking(turn, node));
    }
    case 'input': {
      const place = instanceAt(turn, target.instance);
      return answered(place.state, place.state.inputAnswers, target.name, value, () => continueInputs(turn, place));
    }
    case 'output': {
      const place = instanceAt(turn, target.instance);
      return answered(place.state, place.state.outputAnswers, target.name, value, () => continueOutputs(turn, place));
    }
  }
}

/** Keeps an answer; the last one lets its owner go on. */
function answered(owner: { asking: number }, answers: RunValues, name: string, value: RunValue, next: () => void): void {
  answers[name] = value;
  if (--owner.asking === 0) next();
}

function elementAt({ plan, run }: Turn, path: string): ElementPlace & { state: ElementState } {
  const found = findElement(plan, run, path);
  if (!found?.state) throw new Error(`no step ${path} is under way`);
  return { ...found, state: found.state };
}

function nodeAt({ plan, run }: Turn, path: string): NodePlace {
  const found = findNode(plan, run, path);
  if (!found) throw new Error(`there is no node ${path}`);
  return found;
}

function instanceAt({ plan, run }: Turn, path: string): InstancePlace {
  const found = findInstance(plan, run, path);
  if (!found) throw new Error(`there is no workflow ${path || 'under way'}`);
  return found;
}
