import type { CommandLineTool, CwlPackage, InputParameter, Process, Requirement, StepInput, Workflow, WorkflowStep } from '@runnel/cwl';

/** Small documents for specs, in the normalised shape that the loader gives. */
const base = { cwlVersion: 'v1.2' as const, requirements: [], hints: [], metadata: {} };

const inputs = (names: string[]): InputParameter[] => names.map((id) => ({ id, type: 'Any' }));

export function tool(id: string, takes: string[] = ['x'], gives: string[] = ['out'], more: Partial<CommandLineTool> = {}): CommandLineTool {
  return {
    ...base,
    class: 'CommandLineTool',
    id,
    inputs: inputs(takes),
    outputs: gives.map((output) => ({ id: output, type: 'Any' })),
    baseCommand: ['true'],
    arguments: [],
    successCodes: [],
    temporaryFailCodes: [],
    permanentFailCodes: [],
    ...more,
  };
}

/** `a/out` is an output of step a, `x` an input of the workflow. */
export const from = (...texts: string[]): NonNullable<StepInput['source']> =>
  texts.map((text) => {
    const [step, port] = text.split('/');
    return port === undefined ? { port: text } : { step: step ?? '', port };
  });

export function step(
  id: string,
  into: { [input: string]: string | Omit<StepInput, 'id'> },
  more: Partial<WorkflowStep> = {},
): WorkflowStep {
  const ports = Object.entries(into).map(([name, source]) => ({
    id: name,
    ...(typeof source === 'string' ? { source: from(source) } : source),
  }));
  return { id, in: ports, out: ['out'], run: 'tool', requirements: [], hints: [], ...more };
}

export function workflow(
  takes: (string | InputParameter)[],
  steps: WorkflowStep[],
  gives: { [output: string]: string | Omit<Workflow['outputs'][number], 'id' | 'type'> },
  more: Partial<Workflow> = {},
): Workflow {
  return {
    ...base,
    class: 'Workflow',
    id: 'main',
    inputs: takes.flatMap((input) => (typeof input === 'string' ? inputs([input]) : [input])),
    outputs: Object.entries(gives).map(([id, source]) => ({
      id,
      type: 'Any',
      ...(typeof source === 'string' ? { outputSource: from(source) } : source),
    })),
    steps,
    ...more,
  };
}

export const javascript: Requirement = { class: 'InlineJavascriptRequirement' };

/** The first process is the entry; a tool `tool` is there unless one of this name is given. */
export function packageOf(...processes: Process[]): CwlPackage {
  const all = [...processes, ...(processes.some(({ id }) => id === 'tool') ? [] : [tool('tool')])];
  return {
    format: 1,
    main: all[0]?.id ?? '',
    processes: Object.fromEntries(all.map((process) => [process.id, process])),
    namespaces: {},
    metadata: {},
    formatParents: {},
  };
}
