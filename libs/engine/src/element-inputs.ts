import type { StepInput } from '@runnel/cwl';
import type { Answer, Ask, LoadFlags } from './expression.ts';
import { answer } from './expression.ts';
import type { ElementPlace, NodePlace } from './places.ts';
import { positionsOf } from './shape.ts';
import type { FailureInfo, RunValue, RunValues } from './types.ts';
import { elementOf, listLength } from './values.ts';

/** Inputs of one element after valueFrom, or what has to be asked before they are known. */
export interface ElementInputs {
  values: RunValues;
  asks: { [input: string]: Ask };
  failure?: FailureInfo;
}

/**
 * Order of the specification (WorkflowStepInput): all sources are assigned, scatter is applied, then each valueFrom sees the inputs as they were
 * before any valueFrom. `answers` are recorded values of this element.
 */
export function elementInputs(node: NodePlace, index: number, answers: RunValues): ElementInputs {
  const { step, rules } = node.plan;
  const before = assigned(node, index);
  const load = loadFlags(step.in, before);
  const result: ElementInputs = { values: {}, asks: {} };
  for (const input of step.in) {
    const path = `steps.${step.id}.in.${input.id}`;
    const found = inputValue(input, answers, before, load, (template, self, flags) =>
      answer({ template, inputs: before, self, path, rules, load: flags, own: input.id }),
    );
    if ('value' in found) result.values[input.id] = found.value;
    else if ('ask' in found) result.asks[input.id] = found.ask;
    else result.failure ??= found.failure;
  }
  return result;
}

function inputValue(
  input: StepInput,
  answers: RunValues,
  before: RunValues,
  load: LoadFlags,
  ask: (template: string, self: RunValue, load: LoadFlags) => Answer,
): Answer {
  const recorded = answers[input.id];
  const value = before[input.id] ?? null;
  if (recorded !== undefined) return { value: recorded };
  if (input.valueFrom !== undefined) return ask(input.valueFrom, value, load);
  const own = load[input.id];
  return own ? ask('$(self)', value, { [input.id]: own }) : { value };
}

/** Sources of the node with the scattered ones replaced by this element's items. */
function assigned(node: NodePlace, index: number): RunValues {
  const { scatter, scatterMethod = 'dotproduct' } = node.plan.step;
  const values = { ...node.state.sources };
  if (!scatter) return values;
  const lists = scatter.map((input) => values[input] ?? null);
  const positions = positionsOf(scatterMethod, lists.map(knownLength), index);
  for (const [place, input] of scatter.entries()) values[input] = elementOf(lists[place] ?? null, positions[place] ?? 0);
  return values;
}

function knownLength(list: RunValue): number {
  const length = listLength(list);
  if (typeof length !== 'number') throw new Error('a scattered input has no known length');
  return length;
}

/** Inputs with loadContents or loadListing that have a value. */
function loadFlags(inputs: StepInput[], values: RunValues): LoadFlags {
  const flags: LoadFlags = {};
  for (const input of inputs) if (values[input.id] !== null) Object.assign(flags, flagsOf(input));
  return flags;
}

/** The entry of one input, or nothing where it loads nothing. */
export function flagsOf({ id, loadContents, loadListing }: Pick<StepInput, 'id' | 'loadContents' | 'loadListing'>): LoadFlags {
  const listing = loadListing === 'no_listing' ? undefined : loadListing;
  if (!loadContents && !listing) return {};
  return { [id]: { ...(loadContents && { contents: true }), ...(listing && { listing }) } };
}

/** Whether the element runs: what its `when` gives over the inputs after valueFrom. */
export function whenAnswer(element: ElementPlace, values: RunValues): Answer {
  const { step, rules } = element.node.plan;
  if (step.when === undefined) return { value: true };
  return answer({ template: step.when, inputs: values, self: null, path: `steps.${step.id}.when`, rules });
}
