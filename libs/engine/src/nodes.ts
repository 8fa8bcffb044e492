import type { Answer } from './expression.ts';
import type { Link } from './link.ts';
import { lengthQuestion, linkValue } from './link.ts';
import { sourceValues } from './instances.ts';
import type { NodePlace } from './places.ts';
import type { Shape } from './shape.ts';
import { shapeOf } from './shape.ts';
import type { NodeState } from './state.ts';
import type { FailureInfo, RunValue, RunValues } from './types.ts';
import { chunks, chunkSize, listLength, nest } from './values.ts';

/** Value of one step input before scatter and valueFrom. */
export function sourceAnswer(node: NodePlace, id: string): Answer {
  const { step, process } = node.plan;
  const input = step.in.find((candidate) => candidate.id === id) ?? { id };
  const scattered = step.scatter?.includes(id) ?? false;
  // The default of the process itself shows in valueFrom and when; for a scattered input it is the default of an item, not of the list.
  const own = scattered ? undefined : process.inputs.find((candidate) => candidate.id === id)?.default;
  const link: Link = { ...(own !== undefined && { default: own }), ...input };
  const path = `steps.${step.id}.in.${id}`;
  const answered = node.state.answers[id];
  const found = linkValue(link, sourceValues(node.instance.state, input.source ?? []), path, answered);
  if (!scattered || !('value' in found)) return found;
  if (answered === undefined && listLength(found.value) === 'unknown') return { ask: lengthQuestion(found.value, path) };
  return found;
}

/** Shape of the node over its linked sources. */
export function nodeShape(node: NodePlace, sources: RunValues): Shape | { failure: FailureInfo } {
  const { scatter, scatterMethod = 'dotproduct' } = node.plan.step;
  if (!scatter) return { shape: [], total: 1 };
  const lengths: { input: string; length: number }[] = [];
  for (const input of scatter) {
    const length = listLength(sources[input] ?? null);
    if (typeof length !== 'number') {
      return { reason: `it is scattered over ${input}, whose value is ${nameOf(sources[input] ?? null)} and not a list` };
    }
    lengths.push({ input, length });
  }
  return shapeOf(scatterMethod, lengths);
}

function nameOf(value: RunValue): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${JSON.stringify(value).slice(0, 100)}`;
}

/** The outputs of a step that the workflow can see; what the tool did not give is null. */
export function visibleOutputs(node: NodePlace, outputs: RunValues | null): RunValues | null {
  return outputs && Object.fromEntries(node.plan.step.out.map((id) => [id, outputs[id] ?? null]));
}

/** Gathered outputs of a node whose elements have all ended: lists by shape, made of stored chunks where there is more than one. */
export function gatheredOutputs(node: NodePlace): RunValues {
  const { state, plan } = node;
  const flat = state.chunks.get(0)?.outputs ?? [];
  if (state.shape.length === 0) return flat[0] ?? nullOutputs(node);
  return Object.fromEntries(plan.step.out.map((output) => [output, gathered(state, flat, output)]));
}

function gathered(state: NodeState, flat: (RunValues | null)[], output: string): RunValue {
  if (isChunked(state)) return chunks({ keys: state.keys, size: chunkSize, offset: 0, output, shape: state.shape });
  return nest(
    flat.map((outputs) => outputs?.[output] ?? null),
    state.shape,
  );
}

export const nullOutputs = (node: NodePlace): RunValues => Object.fromEntries(node.plan.step.out.map((id) => [id, null]));

export const isChunked = (state: NodeState): boolean => state.total > chunkSize;

export const chunkLength = (state: NodeState, chunk: number): number => Math.min(chunkSize, state.total - chunk * chunkSize);

export const chunkCount = (state: NodeState): number => Math.ceil(state.total / chunkSize);

export function markSkipped(state: NodeState, index: number): void {
  if (state.skipped.length === 0) state.skipped = new Uint8Array(Math.ceil(state.total / 8));
  const byte = index >> 3;
  state.skipped[byte] = (state.skipped[byte] ?? 0) | (1 << (index & 7));
  state.skippedCount++;
}

export const isSkipped = (state: NodeState, index: number): boolean => ((state.skipped[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
