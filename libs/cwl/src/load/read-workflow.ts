import type { LinkMerge, OutputParameter, PickValue, ScatterMethod, Source, StepInput, Workflow, WorkflowStep } from '../model.ts';
import { checkShape } from './check-shape.ts';
import { readEntries, type Entry } from './entries.ts';
import { readLoadListing } from './read-bindings.ts';
import { common, readDefault, readInputs } from './read-ports.ts';
import { declareTypes, readRequirements } from './read-requirements.ts';
import { compact, describeValue, docOf, flagOf, isRaw, listOf, textOf, textsOf, type Raw } from './raw.ts';
import { at, join, shortName, type Scope } from './scope.ts';
import { STEP, STEP_INPUT, WORKFLOW_OUTPUT } from './shapes.ts';
import { decode } from './uri.ts';

/** Finds or loads the process that a step runs and answers its id; undefined once a fault has been reported. */
export type ResolveRun = (scope: Scope, step: Raw, stepName: string, path: string) => Promise<string | undefined>;

export async function readWorkflow(
  scope: Scope,
  raw: Raw,
  id: string,
  path: string,
  resolveRun: ResolveRun,
): Promise<Pick<Workflow, 'inputs' | 'outputs' | 'steps'>> {
  const inputs = readInputs(scope, raw, path);
  const entries = readEntries(scope, raw, 'steps', path, 'id');
  const toSource = sourceReader(textOf(raw['id']) ?? id);
  const steps: WorkflowStep[] = [];
  for (const entry of entries) {
    const step = await readStep(scope, entry, toSource, resolveRun);
    if (step) steps.push(step);
  }
  return { inputs, outputs: readWorkflowOutputs(scope, raw, path, toSource), steps };
}

function readWorkflowOutputs(scope: Scope, raw: Raw, path: string, toSource: (text: string) => Source): OutputParameter[] {
  return readEntries(scope, raw, 'outputs', path, 'id', 'type').map((entry) => {
    checkShape(scope, entry.raw, WORKFLOW_OUTPUT, entry.path);
    const { outputSource } = entry.raw;
    const made = compact<OutputParameter>({
      id: entry.name,
      ...common(scope, entry, false),
      outputSource: outputSource === undefined || outputSource === null ? undefined : textsOf(outputSource).map(toSource),
      outputSourceIsList: Array.isArray(outputSource) ? true : undefined,
      ...merging(entry.raw),
    });
    return scope.sources.derive(made, entry.raw);
  });
}

async function readStep(
  scope: Scope,
  { name, raw, path }: Entry,
  toSource: (text: string) => Source,
  resolveRun: ResolveRun,
): Promise<WorkflowStep | undefined> {
  checkShape(scope, raw, STEP, path);
  declareTypes(scope, raw);
  const scatter = textsOf(raw['scatter']).map(shortName);
  const { scatterMethod } = raw;
  const step = compact<Omit<WorkflowStep, 'run'>>({
    id: name,
    label: textOf(raw['label']),
    doc: docOf(raw['doc']),
    in: readEntries(scope, raw, 'in', path, 'id', 'source').map((entry) => readStepInput(scope, entry, toSource)),
    out: readStepOutputs(scope, raw, path),
    requirements: readRequirements(scope, raw, 'requirements', path),
    hints: readRequirements(scope, raw, 'hints', path),
    scatter: scatter.length > 0 ? scatter : undefined,
    scatterMethod: typeof scatterMethod === 'string' ? (scatterMethod as ScatterMethod) : undefined,
    when: textOf(raw['when']),
  });
  const run = await resolveRun(scope, raw, name, path);
  return run === undefined ? undefined : scope.sources.derive({ ...step, run }, raw);
}

function readStepInput(scope: Scope, { name, raw, path }: Entry, toSource: (text: string) => Source): StepInput {
  checkShape(scope, raw, STEP_INPUT, path);
  const { source } = raw;
  const made = compact<StepInput>({
    id: name,
    source: source === undefined || source === null ? undefined : textsOf(source).map(toSource),
    sourceIsList: Array.isArray(source) ? true : undefined,
    ...merging(raw),
    default: readDefault(scope, raw),
    valueFrom: textOf(raw['valueFrom']),
    loadContents: flagOf(raw['loadContents']),
    loadListing: readLoadListing(raw),
  });
  return scope.sources.derive(made, raw);
}

function merging(raw: Raw): { linkMerge?: LinkMerge; pickValue?: PickValue } {
  const { linkMerge, pickValue } = raw;
  return compact<{ linkMerge?: LinkMerge; pickValue?: PickValue }>({
    linkMerge: typeof linkMerge === 'string' ? (linkMerge as LinkMerge) : undefined,
    pickValue: typeof pickValue === 'string' ? (pickValue as PickValue) : undefined,
  });
}

function readStepOutputs(scope: Scope, raw: Raw, path: string): string[] {
  return listOf(raw['out']).flatMap((item, index) => {
    const id = isRaw(item) ? item['id'] : item;
    if (typeof id === 'string') return [shortName(id)];
    const where = at(scope, raw['out'] as object, String(index));
    scope.report.error(join(path, 'out', `[${index}]`), where, `expected the name of an output, found ${describeValue(item)}`);
    return [];
  });
}

/**
 * Reads `step/output` and `input`, in packed documents `#main/step/output` and `#main/input`. The name of the workflow may equal that of a step, so
 * it is only taken off references with `#`.
 */
function sourceReader(workflow: string): (text: string) => Source {
  const prefix = `${decode(workflow.slice(workflow.lastIndexOf('#') + 1))}/`;
  return (text) => {
    const hash = text.lastIndexOf('#');
    const local = hash < 0 ? text : decode(text.slice(hash + 1));
    const parts = (hash >= 0 && local.startsWith(prefix) ? local.slice(prefix.length) : local).split('/');
    const step = parts.at(-2);
    return { ...(step !== undefined && { step }), port: parts.at(-1) ?? '' };
  };
}
