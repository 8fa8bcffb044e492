import type { Plan } from './plan.ts';
import type { EvaluationTarget, RunState } from './state.ts';
import type { FailureInfo } from './types.ts';

/** One event being applied: the state it changes and what follows from it, done one after the other so that long chains need no stack. */
export interface Turn {
  plan: Plan;
  run: RunState;
  todo: (() => void)[];
}

export function startTurn(plan: Plan, run: RunState): Turn {
  return { plan, run, todo: [] };
}

/** Does what follows until nothing is left. */
export function finishTurn(turn: Turn): void {
  for (const next of turn.todo) next();
}

/** The first fault is the one that counts; `react` ends the run for it. */
export function fail(turn: Turn, failure: FailureInfo, step?: string): void {
  turn.run.fault ??= { failure, ...(step !== undefined && { step }) };
}

export function ask(turn: Turn, target: EvaluationTarget): void {
  const key = keyOf(target);
  turn.run.evaluations.set(key, target);
  turn.run.changes.evaluations.add(key);
}

/** Unique within the run: `tile[3]:value:name`, `tile:source:name`, `sub[2]:input:name`, `tile[3]:when`. */
function keyOf(target: EvaluationTarget): string {
  switch (target.kind) {
    case 'input':
    case 'output':
      return `${target.instance}:${target.kind}:${target.name}`;
    case 'source':
      return `${target.node}:source:${target.name}`;
    case 'value':
      return `${target.step}:value:${target.name}`;
    case 'when':
      return `${target.step}:when`;
  }
}
