import type { CwlPackage, CwlVersion, InputParameter, OutputParameter, Process, Workflow, WorkflowStep } from '@runnel/cwl';
import type { Link } from './link.ts';
import type { ExpressionRules, Scope } from './scope.ts';
import { emptyScope, expressionRules, resourcesOf, within } from './scope.ts';

/** The package cannot be run: a link, a process or a kind of process that the engine needs is not there. */
export class PlanError extends Error {
  override name = 'PlanError';
}

/** What a workflow input is, and what it asks of its value before any step sees it. */
export type PlanInput = Pick<InputParameter, 'id' | 'type' | 'default' | 'loadContents' | 'loadListing'>;

/** The graph of one workflow. A tool that is run by itself becomes a workflow of one step. */
export interface Plan {
  inputs: PlanInput[];
  outputs: Link[];
  /** In document order. */
  nodes: Map<string, PlanNode>;
}

export interface PlanNode {
  id: string;
  step: WorkflowStep;
  process: Process;
  /** Steps whose outputs it takes. */
  upstream: string[];
  downstream: string[];
  /** For valueFrom and when. */
  rules: ExpressionRules;
  /** In force for the process, its own excluded. */
  scope: Scope;
  resources: { cores: number; memoryMiB: number };
  /** The graph inside of a step that runs a workflow; made when first asked for. */
  inner?: () => Plan;
}

/** The plan of a process of the package. Throws PlanError. */
export function planOf(pkg: CwlPackage, entry: string): Plan {
  const process = processOf(pkg, entry, 'the entry');
  return process.class === 'Workflow' ? planWorkflow(pkg, process, emptyScope, [process.id]) : planTool(process);
}

function processOf(pkg: CwlPackage, id: string, place: string): Process {
  const process = pkg.processes[id];
  if (!process) throw new PlanError(`${place} names process ${id}, which the package does not have`);
  if (process.class === 'Operation')
    throw new PlanError(`${place}: ${id} is an Operation, which says what is done but not how: it cannot be run`);
  return process;
}

function planTool(process: Process): Plan {
  const id = process.id.split(/[/#]/).at(-1) || process.id;
  const step: WorkflowStep = {
    id,
    in: process.inputs.map((input) => ({ id: input.id, source: [{ port: input.id }] })),
    out: process.outputs.map((output) => output.id),
    run: process.id,
    requirements: [],
    hints: [],
  };
  const node: PlanNode = { ...nodeBase(step, process, emptyScope, process.cwlVersion), upstream: [], downstream: [] };
  return {
    inputs: process.inputs.map(({ id, type }) => ({ id, type })),
    outputs: process.outputs.map((output) => ({ id: output.id, source: [{ step: id, port: output.id }] })),
    nodes: new Map([[id, node]]),
  };
}

function planWorkflow(pkg: CwlPackage, workflow: Workflow, outer: Scope, running: string[]): Plan {
  const scope = within(outer, workflow);
  const nodes = new Map<string, PlanNode>();
  for (const step of workflow.steps) {
    const process = processOf(pkg, step.run, `${workflow.id}: step ${step.id}`);
    if (running.includes(process.id)) throw new PlanError(`${workflow.id}: step ${step.id} runs ${process.id}, of which it is a part`);
    const node: PlanNode = { ...nodeBase(step, process, scope, workflow.cwlVersion), upstream: upstreamOf(workflow, step), downstream: [] };
    if (process.class === 'Workflow') node.inner = once(() => planWorkflow(pkg, process, node.scope, [...running, process.id]));
    nodes.set(step.id, node);
  }
  for (const node of nodes.values()) for (const id of node.upstream) nodes.get(id)?.downstream.push(node.id);
  checkOrder(workflow, nodes);
  return { inputs: workflow.inputs, outputs: workflow.outputs.map(outputLink), nodes };
}

const outputLink = ({ id, outputSource, linkMerge, pickValue }: OutputParameter): Link => ({
  id,
  ...(outputSource && { source: outputSource }),
  ...(linkMerge && { linkMerge }),
  ...(pickValue && { pickValue }),
});

function nodeBase(step: WorkflowStep, process: Process, outer: Scope, cwlVersion: CwlVersion): Omit<PlanNode, 'upstream' | 'downstream'> {
  const scope = within(outer, step);
  const rules = expressionRules(cwlVersion, scope);
  return { id: step.id, step, process, rules, scope, resources: resourcesOf(process, scope) };
}

function upstreamOf(workflow: Workflow, step: WorkflowStep): string[] {
  const found = new Set<string>();
  for (const source of step.in.flatMap((input) => input.source ?? [])) {
    if (source.step === undefined) continue;
    if (!workflow.steps.some((other) => other.id === source.step)) {
      throw new PlanError(`${workflow.id}: step ${step.id} takes ${source.step}/${source.port}, but there is no step ${source.step}`);
    }
    found.add(source.step);
  }
  return [...found];
}

function checkOrder(workflow: Workflow, nodes: Map<string, PlanNode>): void {
  const waits = new Map([...nodes.values()].map((node) => [node.id, node.upstream.length]));
  const free = [...waits].filter(([, count]) => count === 0).map(([id]) => id);
  for (const id of free) {
    waits.delete(id);
    for (const next of nodes.get(id)?.downstream ?? []) {
      const left = (waits.get(next) ?? 0) - 1;
      waits.set(next, left);
      if (left === 0) free.push(next);
    }
  }
  if (waits.size > 0) throw new PlanError(`${workflow.id}: steps wait for each other: ${[...waits.keys()].join(', ')}`);
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
