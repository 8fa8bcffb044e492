import { didYouMean, listNames } from '../load/did-you-mean.ts';
import type { Process, StepInput, Workflow, WorkflowStep } from '../model.ts';
import { isOptional } from './assignable.ts';
import type { CheckContext } from './check-package.ts';
import { showType } from './show-type.ts';

/** What a step says fits the process it runs: its outputs, what it scatters over, a value for every required input. */
export function checkStep(context: CheckContext, workflow: Workflow, step: WorkflowStep, process: Process): void {
  checkOutputs(context, workflow, step, process);
  checkScatter(context, workflow, step);
  checkRequiredInputs(context, workflow, step, process);
}

function checkOutputs({ report, positions, path, ports }: CheckContext, workflow: Workflow, step: WorkflowStep, process: Process): void {
  const { outputs } = ports(process);
  for (const name of step.out) {
    if (outputs.has(name)) continue;
    const known = [...outputs.keys()];
    const message = `${process.id} has no output "${name}" (it has ${listNames(known)})`;
    report.error(path(workflow, 'steps', step.id, 'out'), positions(step, 'out'), message, didYouMean(name, known));
  }
}

function checkScatter({ report, positions, path }: CheckContext, workflow: Workflow, step: WorkflowStep): void {
  if (!step.scatter) return;
  const known = new Set(step.in.map((input) => input.id));
  for (const name of step.scatter) {
    if (known.has(name)) continue;
    const message = `the step scatters over "${name}", which is none of its inputs (${listNames([...known])})`;
    report.error(path(workflow, 'steps', step.id, 'scatter'), positions(step, 'scatter'), message, didYouMean(name, known));
  }
  if (step.scatter.length > 1 && step.scatterMethod === undefined) {
    const hint = 'add scatterMethod: dotproduct, nested_crossproduct or flat_crossproduct';
    const message = 'a step that scatters over several inputs needs a scatterMethod';
    report.error(path(workflow, 'steps', step.id), positions(step, 'scatter'), message, { hint });
  }
}

function checkRequiredInputs(context: CheckContext, workflow: Workflow, step: WorkflowStep, process: Process): void {
  const { report, positions, path, ports } = context;
  const given = new Map(step.in.map((input) => [input.id, input]));
  for (const parameter of process.inputs) {
    const input = given.get(parameter.id);
    const preset = parameter.default !== undefined && parameter.default !== null;
    if (preset || isOptional(parameter.type) || (input && hasValue(input))) continue;
    const undeclared = [...given.keys()].filter((id) => !ports(process).inputs.has(id));
    const message = `the step gives no value for "${parameter.id}" (${showType(parameter.type)}), which ${process.id} requires`;
    const position = input ? positions(input) : positions(step, 'in');
    report.error(
      path(workflow, 'steps', step.id, 'in', parameter.id),
      position,
      message,
      input ? {} : didYouMean(parameter.id, undeclared),
    );
  }
}

function hasValue(input: StepInput): boolean {
  const linked = (input.source?.length ?? 0) > 0 || input.sourceIsList === true;
  return linked || (input.default !== undefined && input.default !== null) || input.valueFrom !== undefined;
}
