import type { CommandLineTool, CwlPackage, Process, Requirement, StepInput, Workflow, WorkflowStep } from '@runnel/cwl';

/** Small packages for specs, in the shape the loader gives. */
const base = { cwlVersion: 'v1.2' as const, requirements: [], hints: [], metadata: {} };

export function tool(id: string, takes: string[], requirements: Requirement[] = []): CommandLineTool {
  return {
    ...base,
    requirements,
    class: 'CommandLineTool',
    id,
    inputs: takes.map((input) => ({ id: input, type: 'Any' })),
    outputs: [{ id: 'out', type: 'Any' }],
    baseCommand: ['true'],
    arguments: [],
    successCodes: [],
    temporaryFailCodes: [],
    permanentFailCodes: [],
  };
}

export function step(
  id: string,
  run: string,
  into: { [input: string]: string | Omit<StepInput, 'id'> },
  more: Partial<WorkflowStep> = {},
): WorkflowStep {
  const ports = Object.entries(into).map(([name, source]) => ({
    id: name,
    ...(typeof source === 'string' ? { source: [sourceOf(source)] } : source),
  }));
  return { id, in: ports, out: ['out'], run, requirements: [], hints: [], ...more };
}

function sourceOf(text: string): { step?: string; port: string } {
  const [first = '', port] = text.split('/');
  return port === undefined ? { port: first } : { step: first, port };
}

export function workflow(
  takes: string[],
  steps: WorkflowStep[],
  gives: { [output: string]: string },
  requirements: Requirement[] = [],
): Workflow {
  return {
    ...base,
    requirements,
    class: 'Workflow',
    id: 'main',
    inputs: takes.map((id) => ({ id, type: 'Any' })),
    outputs: Object.entries(gives).map(([id, source]) => ({ id, type: 'Any', outputSource: [sourceOf(source)] })),
    steps,
  };
}

export function packageOf(...processes: Process[]): CwlPackage {
  return {
    format: 1,
    main: processes[0]?.id ?? '',
    processes: Object.fromEntries(processes.map((process) => [process.id, process])),
    namespaces: {},
    metadata: {},
    formatParents: {},
  };
}

/** a → b */
export const chain = packageOf(
  workflow(['x'], [step('a', 'say', { x: 'x' }), step('b', 'say', { x: 'a/out' })], { y: 'b/out' }),
  tool('say', ['x']),
);

export const wide = packageOf(
  workflow(['list'], [step('each', 'say', { x: 'list' }, { scatter: ['x'] })], { all: 'each/out' }),
  tool('say', ['x']),
);

const javascript: Requirement = { class: 'InlineJavascriptRequirement' };

/** Each element's input is computed by JavaScript of the workflow. */
export const computed = packageOf(
  workflow(
    ['list'],
    [step('each', 'say', { x: { source: [{ port: 'list' }], valueFrom: '$(self * 2)' } }, { scatter: ['x'] })],
    { all: 'each/out' },
    [javascript],
  ),
  tool('say', ['x']),
);
