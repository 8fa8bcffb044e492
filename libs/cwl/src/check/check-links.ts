import { didYouMean } from '../load/did-you-mean.ts';
import type { CwlType, OutputParameter, Process, Source, StepInput, Workflow, WorkflowStep } from '../model.ts';
import { assignability, isOptional } from './assignable.ts';
import type { CheckContext } from './check-package.ts';
import { mergedType, stepInputType, stepOutputType } from './link-types.ts';
import { showType } from './show-type.ts';

/** Every source exists and brings what its sink takes; every required input of a step gets a value. */
export function checkLinks(context: CheckContext, workflow: Workflow): void {
  const steps = new Map(workflow.steps.map((step) => [step.id, step]));
  for (const step of workflow.steps) {
    const process = context.pkg.processes[step.run];
    if (!process) {
      const where = context.path(workflow, 'steps', step.id, 'run');
      context.report.error(where, context.positions(step, 'run'), `the package holds no process "${step.run}"`);
      continue;
    }
    checkStepOutputs(context, workflow, step, process);
    checkScatter(context, workflow, step);
    checkStepInputs(context, workflow, step, process, steps);
  }
  for (const output of workflow.outputs) checkOutput(context, workflow, output, steps);
}

function checkStepOutputs({ report, positions, path }: CheckContext, workflow: Workflow, step: WorkflowStep, process: Process): void {
  const known = process.outputs.map((output) => output.id);
  for (const name of step.out) {
    if (known.includes(name)) continue;
    const message = `${process.id} has no output "${name}" (it has ${known.join(', ') || 'none'})`;
    report.error(path(workflow, 'steps', step.id, 'out'), positions(step, 'out'), message, didYouMean(name, known));
  }
}

function checkScatter({ report, positions, path }: CheckContext, workflow: Workflow, step: WorkflowStep): void {
  if (!step.scatter) return;
  const known = step.in.map((input) => input.id);
  for (const name of step.scatter) {
    if (known.includes(name)) continue;
    const message = `the step scatters over "${name}", which is none of its inputs (${known.join(', ') || 'it has none'})`;
    report.error(path(workflow, 'steps', step.id, 'scatter'), positions(step, 'scatter'), message, didYouMean(name, known));
  }
  if (step.scatter.length > 1 && step.scatterMethod === undefined) {
    const hint = 'add scatterMethod: dotproduct, nested_crossproduct or flat_crossproduct';
    report.error(
      path(workflow, 'steps', step.id),
      positions(step, 'scatter'),
      'a step that scatters over several inputs needs a scatterMethod',
      { hint },
    );
  }
}

type Steps = ReadonlyMap<string, WorkflowStep>;

function checkStepInputs(context: CheckContext, workflow: Workflow, step: WorkflowStep, process: Process, steps: Steps): void {
  const { report, positions, path } = context;
  const given = new Map(step.in.map((input) => [input.id, input]));
  for (const parameter of process.inputs) {
    const input = given.get(parameter.id);
    if (parameter.default !== undefined && parameter.default !== null) continue;
    if (isOptional(parameter.type) || (input && hasValue(input))) continue;
    const message = `the step gives no value for "${parameter.id}" (${showType(parameter.type)}), which ${process.id} requires`;
    const more = input
      ? {}
      : didYouMean(
          parameter.id,
          [...given.keys()].filter((id) => !process.inputs.some((one) => one.id === id)),
        );
    report.error(path(workflow, 'steps', step.id, 'in', parameter.id), input ? positions(input) : positions(step, 'in'), message, more);
  }
  for (const input of step.in) {
    const declared = process.inputs.find((one) => one.id === input.id);
    const fallback = input.default !== undefined || declared?.default !== undefined;
    const sink = declared
      ? stepInputType(step, input, fallback ? nullable(declared.type) : declared.type)
      : stepInputType(step, input, nullable('Any'));
    const where = path(workflow, 'steps', step.id, 'in', input.id);
    checkSources(context, workflow, steps, {
      node: input,
      field: 'source',
      where,
      sources: input.source ?? [],
      isList: input.sourceIsList === true,
      sink,
      input,
    });
  }
}

function hasValue(input: StepInput): boolean {
  return (
    (input.source?.length ?? 0) > 0 ||
    input.sourceIsList === true ||
    (input.default !== undefined && input.default !== null) ||
    input.valueFrom !== undefined
  );
}

function checkOutput(context: CheckContext, workflow: Workflow, output: OutputParameter, steps: Steps): void {
  const where = context.path(workflow, 'outputs', output.id);
  if (output.outputSource === undefined) {
    if (isOptional(output.type)) return;
    const message = `the output is required (${showType(output.type)}) but has no outputSource`;
    context.report.error(where, context.positions(output), message);
    return;
  }
  const isList = output.outputSourceIsList === true;
  checkSources(context, workflow, steps, {
    node: output,
    field: 'outputSource',
    where,
    sources: output.outputSource,
    isList,
    sink: output.type,
    input: output,
  });
}

interface Link {
  node: object;
  field: string;
  where: string;
  sources: Source[];
  isList: boolean;
  sink: CwlType;
  input: Pick<StepInput, 'linkMerge' | 'pickValue'>;
}

function checkSources(context: CheckContext, workflow: Workflow, steps: Steps, link: Link): void {
  const { report, positions } = context;
  for (const source of link.sources) {
    const type = sourceType(context, workflow, steps, source);
    const position = positions(link.node, link.field);
    if (typeof type === 'object' && 'unknown' in type) {
      report.error(link.where, position, type.unknown, type.hint === undefined ? {} : { hint: type.hint });
      continue;
    }
    const { linkMerge, pickValue } = link.input;
    const merged = mergedType(type, {
      isList: link.isList,
      count: link.sources.length,
      ...(linkMerge && { linkMerge }),
      ...(pickValue && { pickValue }),
    });
    const fit = assignability(merged, link.sink);
    if (fit === 'always') continue;
    const name = source.step === undefined ? `the input "${source.port}"` : `"${source.step}/${source.port}"`;
    const brings = `${name} brings ${showType(merged)}`;
    if (fit === 'never') report.error(link.where, position, `${brings}, but ${showType(link.sink)} is expected`);
    else if (type !== 'Any') report.warn(link.where, position, `${brings}, which does not always fit ${showType(link.sink)}`);
  }
}

function sourceType({ pkg }: CheckContext, workflow: Workflow, steps: Steps, source: Source): CwlType | { unknown: string; hint?: string } {
  if (source.step === undefined) {
    const input = workflow.inputs.find((one) => one.id === source.port);
    if (input) return input.default === undefined || input.default === null ? input.type : withDefault(input.type);
    const known = [
      ...workflow.inputs.map((one) => one.id),
      ...workflow.steps.flatMap((step) => step.out.map((out) => `${step.id}/${out}`)),
    ];
    return { unknown: `unknown source "${source.port}": the workflow has no such input`, ...didYouMean(source.port, known) };
  }
  const step = steps.get(source.step);
  const written = `${source.step}/${source.port}`;
  if (!step)
    return { unknown: `unknown source "${written}": the workflow has no step "${source.step}"`, ...didYouMean(source.step, steps.keys()) };
  if (!step.out.includes(source.port)) {
    const message = `unknown source "${written}": the step lists no such output in "out" (${step.out.join(', ') || 'it is empty'})`;
    return { unknown: message, ...didYouMean(source.port, step.out) };
  }
  const process = pkg.processes[step.run];
  // A name in `out` that the process lacks is reported there.
  return (process && stepOutputType(step, process, source.port)) ?? 'Any';
}

function nullable(type: CwlType): CwlType {
  return isOptional(type) ? type : ['null', ...(Array.isArray(type) ? type : [type])];
}

/** An input with a default is never null. */
function withDefault(type: CwlType): CwlType {
  if (!Array.isArray(type)) return type;
  const values = type.filter((one) => one !== 'null');
  return values.length === 0 ? type : values;
}
