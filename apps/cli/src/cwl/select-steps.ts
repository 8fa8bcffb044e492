import type { CwlPackage, CwlType, InputParameter, OutputParameter, Source, Workflow, WorkflowStep } from '@runnel/cwl';

import { CwlFault } from './fault.ts';

/** The part of a workflow that `--target` or `--single-step` asks for; the package itself where neither is given. */
export function selectSteps(pkg: CwlPackage, { targets, singleStep }: { targets: string[]; singleStep?: string }): CwlPackage {
  if (targets.length === 0 && singleStep === undefined) return pkg;
  const main = pkg.processes[pkg.main];
  if (main?.class !== 'Workflow') throw new CwlFault('--target and --single-step choose steps of a workflow, and this is a tool');
  const chosen = singleStep === undefined ? withTargets(main, targets, pkg) : onlyStep(main, singleStep, pkg);
  return { ...pkg, processes: { ...pkg.processes, [pkg.main]: chosen } };
}

/** Outputs and steps that are named, and all that they need. A step that is named gives all its outputs. */
function withTargets(main: Workflow, targets: string[], pkg: CwlPackage): Workflow {
  const needed = new Set<string>();
  const ports = new Set<string>();
  const need = (sources: Source[] | undefined): void => {
    for (const { step, port } of sources ?? []) {
      if (step === undefined) ports.add(port);
      else needStep(step);
    }
  };
  const needStep = (id: string): void => {
    if (needed.has(id)) return;
    needed.add(id);
    for (const { source } of main.steps.find((step) => step.id === id)?.in ?? []) need(source);
  };
  const outputs: OutputParameter[] = [];
  for (const target of targets) {
    const output = main.outputs.find(({ id }) => id === target);
    const step = main.steps.find(({ id }) => id === target);
    if (output !== undefined) outputs.push(output);
    else if (step !== undefined) outputs.push(...stepOutputs(step, pkg, outputs));
    else
      throw new CwlFault(
        `--target ${target}: the workflow has no such output or step; it has ${[...main.outputs, ...main.steps].map(({ id }) => id).join(', ')}`,
      );
    if (output !== undefined) need(output.outputSource);
    else needStep(target);
  }
  return { ...main, inputs: main.inputs.filter(({ id }) => ports.has(id)), outputs, steps: main.steps.filter(({ id }) => needed.has(id)) };
}

/** The step alone: its inputs become those of the workflow. */
function onlyStep(main: Workflow, name: string, pkg: CwlPackage): Workflow {
  const step = main.steps.find(({ id }) => id === name);
  if (step === undefined)
    throw new CwlFault(`--single-step ${name}: the workflow has no such step; it has ${main.steps.map(({ id }) => id).join(', ')}`);
  const run = pkg.processes[step.run];
  const inputs = step.in.map(({ id, default: value }): InputParameter => {
    const declared = run?.inputs.find((one) => one.id === id);
    const plain = declared ?? { id, type: ['null', 'Any'] as CwlType };
    const type: CwlType = step.scatter?.includes(id) ? { type: 'array', items: plain.type } : plain.type;
    const { inputBinding: _binding, default: own, ...rest } = plain;
    const given = value ?? own;
    return { ...rest, id, type, ...(given !== undefined && { default: given }) };
  });
  const alone: WorkflowStep = {
    ...step,
    in: step.in.map(({ source: _source, sourceIsList: _list, linkMerge: _merge, pickValue: _pick, default: _default, ...rest }) => ({
      ...rest,
      source: [{ port: rest.id }],
    })),
  };
  return { ...main, inputs, outputs: stepOutputs(step, pkg, []), steps: [alone] };
}

function stepOutputs(step: WorkflowStep, pkg: CwlPackage, taken: OutputParameter[]): OutputParameter[] {
  const run = pkg.processes[step.run];
  const depth = step.scatter === undefined ? 0 : step.scatterMethod === 'nested_crossproduct' ? step.scatter.length : 1;
  return step.out.map((port): OutputParameter => {
    let type: CwlType = run?.outputs.find(({ id }) => id === port)?.type ?? 'Any';
    if (step.when !== undefined) type = ['null', type];
    for (let level = 0; level < depth; level += 1) type = { type: 'array', items: type };
    const id = taken.some((other) => other.id === port) ? `${step.id}_${port}` : port;
    return { id, type, outputSource: [{ step: step.id, port }] };
  });
}
