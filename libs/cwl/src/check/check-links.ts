import { didYouMean, listNames } from '../load/did-you-mean.ts';
import type { CwlType, OutputParameter, Process, Source, StepInput, Workflow, WorkflowStep } from '../model.ts';
import { assignability, isOptional, withoutNull } from './assignable.ts';
import type { CheckContext } from './check-package.ts';
import { checkStep } from './check-step.ts';
import { mergedType, stepInputType, stepOutputType } from './link-types.ts';
import { showType } from './show-type.ts';

/** The steps of a workflow with what each lists in `out`. */
type Steps = ReadonlyMap<string, { step: WorkflowStep; out: ReadonlySet<string> }>;

/** Every source exists and brings what its sink takes; every required input of a step gets a value. */
export function checkLinks(context: CheckContext, workflow: Workflow): void {
  const { pkg, path, positions, report } = context;
  const steps: Steps = new Map(workflow.steps.map((step) => [step.id, { step, out: new Set(step.out) }]));
  for (const step of workflow.steps) {
    if (report.isFull()) return;
    const process = pkg.processes[step.run];
    if (process) {
      checkStep(context, workflow, step, process);
      checkStepSources(context, workflow, step, process, steps);
    } else {
      report.error(path(workflow, 'steps', step.id, 'run'), positions(step, 'run'), `the package holds no process "${step.run}"`);
    }
  }
  for (const output of workflow.outputs) checkOutput(context, workflow, output, steps);
}

function checkStepSources(context: CheckContext, workflow: Workflow, step: WorkflowStep, process: Process, steps: Steps): void {
  const { inputs } = context.ports(process);
  for (const input of step.in) {
    const declared = inputs.get(input.id);
    // An input that the process does not declare takes anything: expressions of the step may read it.
    const takesNull = !declared || input.default !== undefined || declared.default !== undefined;
    const type = declared?.type ?? 'Any';
    const sink = stepInputType(step, input, takesNull ? nullable(type) : type);
    const where = context.path(workflow, 'steps', step.id, 'in', input.id);
    const isList = input.sourceIsList === true;
    checkSources(context, workflow, steps, {
      node: input,
      field: 'source',
      where,
      sources: input.source ?? [],
      isList,
      sink,
      merging: input,
    });
  }
}

function checkOutput(context: CheckContext, workflow: Workflow, output: OutputParameter, steps: Steps): void {
  const where = context.path(workflow, 'outputs', output.id);
  const { outputSource: sources, type: sink } = output;
  if (sources !== undefined) {
    const isList = output.outputSourceIsList === true;
    checkSources(context, workflow, steps, { node: output, field: 'outputSource', where, sources, isList, sink, merging: output });
  } else if (!isOptional(sink)) {
    context.report.error(where, context.positions(output), `the output is required (${showType(sink)}) but has no outputSource`);
  }
}

interface Link {
  node: object;
  field: string;
  where: string;
  sources: Source[];
  isList: boolean;
  sink: CwlType;
  merging: Pick<StepInput, 'linkMerge' | 'pickValue'>;
}

function checkSources({ report, positions, ...context }: CheckContext, workflow: Workflow, steps: Steps, link: Link): void {
  const { linkMerge, pickValue } = link.merging;
  const merging = { isList: link.isList, count: link.sources.length, ...(linkMerge && { linkMerge }), ...(pickValue && { pickValue }) };
  for (const source of link.sources) {
    if (report.isFull()) return;
    const position = positions(link.node, link.field);
    const found = sourceType({ report, positions, ...context }, workflow, steps, source);
    if ('unknown' in found) {
      report.error(link.where, position, found.unknown, found.hint === undefined ? {} : { hint: found.hint });
      continue;
    }
    const merged = mergedType(found.type, merging);
    const fit = assignability(merged, link.sink);
    if (fit === 'always' || (fit === 'sometimes' && found.type === 'Any')) continue;
    const name = source.step === undefined ? `the input "${source.port}"` : `"${source.step}/${source.port}"`;
    const brings = `${name} brings ${showType(merged)}`;
    if (fit === 'never') report.error(link.where, position, `${brings}, but ${showType(link.sink)} is expected`);
    else report.warn(link.where, position, `${brings}, which does not always fit ${showType(link.sink)}`);
  }
}

type Found = { type: CwlType } | { unknown: string; hint?: string };

function sourceType({ pkg, ports }: CheckContext, workflow: Workflow, steps: Steps, { step: name, port }: Source): Found {
  if (name === undefined) {
    const input = ports(workflow).inputs.get(port);
    // An input with a default is never null.
    if (input) return { type: input.default === undefined || input.default === null ? input.type : withoutNull(input.type) };
    const known = [...ports(workflow).inputs.keys(), ...workflow.steps.flatMap((step) => step.out.map((out) => `${step.id}/${out}`))];
    return { unknown: `unknown source "${port}": the workflow has no such input`, ...didYouMean(port, known) };
  }
  const found = steps.get(name);
  if (!found) return { unknown: `unknown source "${name}/${port}": the workflow has no step "${name}"`, ...didYouMean(name, steps.keys()) };
  const { step, out } = found;
  if (!out.has(port)) {
    const message = `unknown source "${name}/${port}": the step lists no such output in "out" (${listNames(step.out)})`;
    return { unknown: message, ...didYouMean(port, step.out) };
  }
  const process = pkg.processes[step.run];
  const output = process && ports(process).outputs.get(port);
  // A name in `out` that the process lacks is reported there.
  return { type: output ? stepOutputType(step, output.type) : 'Any' };
}

function nullable(type: CwlType): CwlType {
  return isOptional(type) ? type : ['null', ...(Array.isArray(type) ? type : [type])];
}
