import { bindInputs } from '@runnel/cwl';
import { flagsOf } from './element-inputs.ts';
import type { Answer } from './expression.ts';
import { lookAt, answer } from './expression.ts';
import type { Link } from './link.ts';
import { linkValue } from './link.ts';
import type { InstancePlace } from './places.ts';
import type { Plan, PlanInput, PlanNode } from './plan.ts';
import { emptyScope, expressionRules } from './scope.ts';
import type { InstanceState, NodeState } from './state.ts';
import type { FailureInfo, RunValue, RunValues } from './types.ts';
import { containsReference, nullness } from './values.ts';

/** An instance of a plan before its first step; `given` may hold more than the workflow declares, which it does not see. */
export function newInstance(plan: Plan, given: RunValues): InstanceState {
  const inputs = Object.fromEntries(plan.inputs.map(({ id, default: fallback = null }) => [id, given[id] ?? fallback]));
  const nodes = new Map([...plan.nodes].map(([id, node]) => [id, newNode(node)]));
  return { phase: 'inputs', inputs, inputAnswers: {}, outputAnswers: {}, asking: 0, nodes, left: nodes.size };
}

const newNode = (plan: PlanNode): NodeState => ({
  phase: 'waiting',
  waitingFor: plan.upstream.length,
  answers: {},
  asking: 0,
  sources: {},
  shape: [],
  total: 1,
  next: 0,
  ended: 0,
  skipped: new Uint8Array(0),
  skippedCount: 0,
  elements: new Map(),
  ready: new Set(),
  readySince: '',
  chunks: new Map(),
  keys: [],
});

const rules = expressionRules('v1.2', emptyScope);

/** Value of a workflow input: default where a stored element turns out null, contents and listing where they are asked for. */
export function inputAnswer(place: InstancePlace, input: Omit<PlanInput, 'type'>): Answer {
  const answered = place.state.inputAnswers[input.id];
  if (answered !== undefined) return { value: answered ?? input.default ?? null };
  const value = place.state.inputs[input.id] ?? null;
  const path = `inputs.${input.id}`;
  const load = flagsOf(input);
  if (value !== null && load[input.id])
    return answer({ template: '$(self)', inputs: { [input.id]: value }, self: value, path, rules, load, own: input.id });
  if (input.default !== undefined && nullness(value) === 'unknown') return { ask: lookAt(value, path, rules) };
  return { value };
}

/**
 * What a step brings to a workflow that does not take it. The inputs of a run were looked at when it was accepted; what only the store knows is seen by
 * the tool that gets it.
 */
export function inputsFailure({ plan, owner }: InstancePlace, values: RunValues): FailureInfo | undefined {
  if (!owner) return undefined;
  const inputs = plan.inputs.filter(({ id }) => !containsReference(values[id] ?? null));
  const bound = bindInputs({ id: owner.node.plan.process.id, inputs }, values);
  return 'inputs' in bound ? undefined : { class: 'inputs', reason: bound.diagnostics.map(({ message }) => message).join('; ') };
}

export function outputAnswer({ state }: InstancePlace, output: Link): Answer {
  return linkValue(output, sourceValues(state, output.source ?? []), `outputs.${output.id}`, state.outputAnswers[output.id]);
}

export function sourceValues(instance: InstanceState, sources: { step?: string; port: string }[]): RunValue[] {
  return sources.map(({ step, port }) => {
    const values = step === undefined ? instance.inputs : instance.nodes.get(step)?.outputs;
    return values?.[port] ?? null;
  });
}
