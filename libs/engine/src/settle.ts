import { elementInputs, whenAnswer } from './element-inputs.ts';
import type { Answer } from './expression.ts';
import { inputAnswer, inputsFailure, newInstance, outputAnswer } from './instances.ts';
import { chunkCount, chunkLength, gatheredOutputs, isChunked, markSkipped, nodeShape, sourceAnswer, visibleOutputs } from './nodes.ts';
import type { ElementPlace, InstancePlace, NodePlace } from './places.ts';
import { elementPlace, innerPlace, nodePlace, rootPlace } from './places.ts';
import type { ElementState, EvaluationTarget } from './state.ts';
import type { Turn } from './turn.ts';
import { ask, fail } from './turn.ts';
import type { RunValues } from './types.ts';
import { chunkSize } from './values.ts';

/** What follows from what: inputs → linked steps → scatter → values → when → ready, and back from ended elements to the run's outputs. */
export function startRoot(turn: Turn, given: RunValues): void {
  turn.run.root = newInstance(turn.plan, given);
  const place = rootPlace(turn.plan, turn.run);
  if (place) continueInputs(turn, place);
}

interface Asking {
  /** The state that keeps the answers. */
  state: { asking: number };
  answerTo: (name: string) => Answer;
  target: (name: string) => EvaluationTarget;
  /** For messages. */
  step?: string | undefined;
}

/** Values by name, or undefined where something was asked or failed. */
function collect(turn: Turn, names: string[], { state, answerTo, target, step }: Asking): RunValues | undefined {
  const values: RunValues = {};
  state.asking = 0;
  for (const name of names) {
    const found = answerTo(name);
    if ('failure' in found) return void fail(turn, found.failure, step);
    if ('value' in found) values[name] = found.value;
    else {
      state.asking++;
      ask(turn, target(name));
    }
  }
  return state.asking === 0 ? values : undefined;
}

export function continueInputs(turn: Turn, place: InstancePlace): void {
  const { state, plan, path } = place;
  const byName = new Map(plan.inputs.map((input) => [input.id, input]));
  const values = collect(turn, [...byName.keys()], {
    state,
    answerTo: (name) => inputAnswer(place, byName.get(name) ?? { id: name }),
    target: (name) => ({ kind: 'input', instance: path, name }),
    step: place.owner?.path,
  });
  if (!values) return;
  const failure = inputsFailure(place, values);
  if (failure) return fail(turn, failure, place.owner?.path);
  Object.assign(state, { phase: 'running', inputs: values });
  for (const id of plan.nodes.keys()) {
    const node = nodePlace(place, id);
    if (node?.state.waitingFor === 0) turn.todo.push(() => continueLinking(turn, node));
  }
  if (state.left === 0) continueOutputs(turn, place);
}

export function continueLinking(turn: Turn, node: NodePlace): void {
  const { state, plan, path } = node;
  state.phase = 'linking';
  const names = plan.step.in.map((input) => input.id);
  const sources = collect(turn, names, {
    state,
    answerTo: (name) => sourceAnswer(node, name),
    target: (name) => ({ kind: 'source', node: path, name }),
    step: path,
  });
  if (!sources) return;
  const shape = nodeShape(node, sources);
  if ('failure' in shape) return fail(turn, shape.failure, path);
  if ('reason' in shape) return fail(turn, { class: 'inputs', reason: shape.reason }, path);
  Object.assign(state, { phase: 'active', sources, shape: shape.shape, total: shape.total });
  if (isChunked(state)) state.keys = Array.from({ length: chunkCount(state) }, () => '');
  if (state.total === 0) endNode(turn, node);
  else activate(turn, node);
}

/** Starts elements while the window has room. A complete chunk is gathered first, so that skipped elements by the thousand do not pile up. */
export function activate(turn: Turn, node: NodePlace): void {
  const { state } = node;
  const { run } = turn;
  const hasRoom = (): boolean => state.elements.size < run.window && !run.gatherable.some((chunk) => chunk.node === node.path);
  while (state.next < state.total && hasRoom()) {
    const index = state.next++;
    state.elements.set(index, { stage: 'values', answers: {}, asking: 0, attempt: 1, failures: 0 });
    continueElement(turn, elementPlace(node, index));
  }
}

export function continueElement(turn: Turn, element: ElementPlace): void {
  const { node, index, state, path } = element;
  if (!state) return;
  const { values, asks, failure } = elementInputs(node, index, state.answers);
  if (failure) return fail(turn, failure, path);
  state.asking = Object.keys(asks).length;
  for (const name of Object.keys(asks)) ask(turn, { kind: 'value', step: path, name });
  if (state.asking > 0) return;
  const when = whenAnswer(element, values);
  if ('failure' in when) return fail(turn, when.failure, path);
  if ('value' in when) return decideWhen(turn, element, when.value);
  state.stage = 'when';
  ask(turn, { kind: 'when', step: path });
}

/** What `when` gave: true runs the element, false gives null outputs, anything else is an error (WorkflowStep, "when"). */
export function decideWhen(turn: Turn, element: ElementPlace, value: unknown): void {
  if (value === true) return startElement(turn, element);
  if (value === false) return endElement(turn, element, null);
  fail(
    turn,
    { class: 'expression', reason: `when must give true or false, but gave ${JSON.stringify(value).slice(0, 200)}` },
    element.path,
  );
}

function startElement(turn: Turn, element: ElementPlace): void {
  const { node, index, state } = element;
  const inner = node.plan.inner?.();
  if (!state) return;
  if (!inner) return markReady(turn, element, state);
  state.stage = 'instance';
  state.instance = newInstance(inner, elementInputs(node, index, state.answers).values);
  const place = innerPlace(element);
  if (place) turn.todo.push(() => continueInputs(turn, place));
}

/** The element waits for a grant. */
export function markReady(turn: Turn, { node, index }: ElementPlace, state: ElementState, reason?: string): void {
  state.stage = 'ready';
  delete state.dueAt;
  delete state.reason;
  if (reason !== undefined) state.reason = reason;
  if (node.state.ready.size === 0) node.state.readySince = turn.run.at;
  node.state.ready.add(index);
  turn.run.readyNodes.add(node.path);
  turn.run.changes.nodes.add(node.path);
}

export function unmarkReady(turn: Turn, { node, index }: ElementPlace): void {
  if (!node.state.ready.delete(index)) return;
  if (node.state.ready.size === 0) turn.run.readyNodes.delete(node.path);
  turn.run.changes.nodes.add(node.path);
}

/** `outputs` null: skipped. */
export function endElement(turn: Turn, element: ElementPlace, outputs: RunValues | null): void {
  const { node, index } = element;
  const { state } = node;
  if (outputs === null) markSkipped(state, index);
  state.elements.delete(index);
  state.ended++;
  const number = Math.floor(index / chunkSize);
  const chunk = state.chunks.get(number) ?? { outputs: Array<null>(chunkLength(state, number)).fill(null), ended: 0 };
  state.chunks.set(number, chunk);
  chunk.outputs[index % chunkSize] = visibleOutputs(node, outputs);
  chunk.ended++;
  if (isChunked(state)) {
    if (chunk.ended === chunkLength(state, number)) turn.run.gatherable.push({ node: node.path, chunk: number });
  } else if (state.ended === state.total) turn.todo.push(() => endNode(turn, node));
  if (state.next < state.total) turn.todo.push(() => activate(turn, node));
}

/** The chunk stands in the store: it leaves the state. */
export function dropChunk(turn: Turn, node: NodePlace, chunk: number, key: string): void {
  node.state.chunks.delete(chunk);
  node.state.keys[chunk] = key;
  turn.run.gatherable = turn.run.gatherable.filter((other) => other.node !== node.path || other.chunk !== chunk);
  const { state } = node;
  if (state.ended === state.total && state.keys.every((name) => name !== '')) endNode(turn, node);
  else turn.todo.push(() => activate(turn, node));
}

function endNode(turn: Turn, node: NodePlace): void {
  const { state, instance, plan } = node;
  Object.assign(state, { phase: 'ended', outputs: gatheredOutputs(node), sources: {}, answers: {}, keys: [] });
  state.chunks.clear();
  for (const id of plan.downstream) {
    const next = nodePlace(instance, id);
    if (next && --next.state.waitingFor === 0) turn.todo.push(() => continueLinking(turn, next));
  }
  if (--instance.state.left === 0) turn.todo.push(() => continueOutputs(turn, instance));
}

export function continueOutputs(turn: Turn, place: InstancePlace): void {
  const { state, plan, path, owner } = place;
  state.phase = 'outputs';
  const byName = new Map(plan.outputs.map((output) => [output.id, output]));
  const values = collect(turn, [...byName.keys()], {
    state,
    answerTo: (name) => outputAnswer(place, byName.get(name) ?? { id: name }),
    target: (name) => ({ kind: 'output', instance: path, name }),
    step: owner?.path,
  });
  if (!values) return;
  if (owner) endElement(turn, owner, values);
  else turn.run.outputs = values;
}
