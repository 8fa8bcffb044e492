import { elementInputs } from './element-inputs.ts';
import { findElement } from './places.ts';
import type { Plan } from './plan.ts';
import type { RunState } from './state.ts';
import type { AttemptRef, RunValues, StepJob } from './types.ts';

/** What an outstanding attempt is to do. Inputs that the process does not declare are for expressions of the step only and stay behind. */
export function stepJob(plan: Plan, run: RunState, { step, attempt }: AttemptRef): StepJob {
  const element = findElement(plan, run, step);
  if (!run.accepted || !element?.state || run.attempts.get(step)?.attempt !== attempt) {
    throw new Error(`attempt ${attempt} of ${step} is not outstanding`);
  }
  const { node, index, state } = element;
  const { process, scope } = node.plan;
  const { values } = elementInputs(node, index, state.answers);
  const inputs: RunValues = {};
  for (const { id } of process.inputs) if (values[id] !== undefined) inputs[id] = values[id];
  return {
    step,
    attempt,
    process: { digest: run.accepted.process.digest, id: process.id },
    inputs,
    requirements: scope.requirements,
    hints: scope.hints,
    acceptedAt: run.accepted.acceptedAt,
  };
}
