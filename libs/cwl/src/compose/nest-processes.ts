import type { CwlPackage, InputParameter, OutputParameter, Process, WorkflowStep } from '../model.ts';

/** A process of which some inputs are outputs of other processes. */
export interface Nesting {
  readonly package: CwlPackage;
  readonly entry: string;
  /** By input: the process that gives it, and by which of its outputs. */
  readonly from: ReadonlyMap<string, { readonly nesting: Nesting; readonly output: string }>;
}

/** Id of the workflow that `nestProcesses` makes. */
const composed = 'nested';

/** What an input of a nested process is called in the workflow around all of them: `image.size` for `size` of what gives `image`. */
export const nestedInput = (path: readonly string[], id: string): string => [...path, id].join('.');

/**
 * One package with a workflow around all of them: a step for each process, links between them, the outputs of the outermost. Links are not checked
 * here: `checkPackage` does that. Undefined where two inputs would have the same name.
 */
export function nestProcesses(outermost: Nesting): CwlPackage | undefined {
  const processes: Record<string, Process> = {};
  const inputs: InputParameter[] = [];
  const steps: WorkflowStep[] = [];
  const add = (nesting: Nesting, path: readonly string[]): { step: string; main: Process } => {
    const step = nestedInput(path, 'process');
    for (const process of Object.values(nesting.package.processes)) processes[`${step}/${process.id}`] = within(process, step);
    const main = nesting.package.processes[nesting.entry];
    if (!main) throw new Error(`the package has no process ${nesting.entry}`);
    const links = main.inputs.map((input) => {
      const from = nesting.from.get(input.id);
      if (from) return { id: input.id, source: [{ step: add(from.nesting, [...path, input.id]).step, port: from.output }] };
      const { inputBinding: _inputBinding, ...declared } = input;
      const id = nestedInput(path, input.id);
      inputs.push({ ...declared, id });
      return { id: input.id, source: [{ port: id }] };
    });
    steps.push({ id: step, in: links, out: main.outputs.map(({ id }) => id), run: `${step}/${main.id}`, requirements: [], hints: [] });
    return { step, main };
  };
  const { step, main } = add(outermost, []);
  if (new Set(inputs.map(({ id }) => id)).size < inputs.length) return undefined;
  processes[composed] = {
    class: 'Workflow',
    id: composed,
    cwlVersion: main.cwlVersion,
    ...(main.label === undefined ? {} : { label: main.label }),
    inputs,
    outputs: main.outputs.map((output) => linked(output, step)),
    steps,
    requirements: [{ class: 'SubworkflowFeatureRequirement' }],
    hints: [],
    metadata: {},
  };
  return { format: 1, main: composed, processes, ...vocabularyOf(outermost), metadata: outermost.package.metadata };
}

/** Under the name of its step, so that processes of two packages never meet. */
function within(process: Process, step: string): Process {
  const renamed = { ...process, id: `${step}/${process.id}` };
  return renamed.class === 'Workflow'
    ? { ...renamed, steps: renamed.steps.map((one) => ({ ...one, run: `${step}/${one.run}` })) }
    : renamed;
}

function linked(output: OutputParameter, step: string): OutputParameter {
  const { id, type, label, doc, secondaryFiles, format } = output;
  return {
    id,
    type,
    ...(label === undefined ? {} : { label }),
    ...(doc === undefined ? {} : { doc }),
    ...(secondaryFiles === undefined ? {} : { secondaryFiles }),
    ...(format === undefined ? {} : { format }),
    outputSource: [{ step, port: id }],
  };
}

function vocabularyOf(nesting: Nesting): Pick<CwlPackage, 'namespaces' | 'formatParents'> {
  const inner = [...nesting.from.values()].map((one) => vocabularyOf(one.nesting));
  return {
    namespaces: Object.assign({}, ...inner.map(({ namespaces }) => namespaces), nesting.package.namespaces) as CwlPackage['namespaces'],
    formatParents: Object.assign(
      {},
      ...inner.map(({ formatParents }) => formatParents),
      nesting.package.formatParents,
    ) as CwlPackage['formatParents'],
  };
}
