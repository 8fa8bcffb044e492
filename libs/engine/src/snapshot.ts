import type { Json } from '@runnel/cwl';
import { decodeBits, encodeBits } from './bits.ts';
import { elementInputs } from './element-inputs.ts';
import { inputAnswer, newInstance } from './instances.ts';
import { sourceAnswer } from './nodes.ts';
import type { InstancePlace, NodePlace } from './places.ts';
import { elementPlace, innerPlace, nodePlace, rootPlace } from './places.ts';
import type { Plan } from './plan.ts';
import type { ElementState, InstanceState, NodeState, RunState } from './state.ts';
import type { RunValues } from './types.ts';

/** Version of the shape below; raised when a release before could not read it. */
const schema = 1;

/** The snapshot was written by a newer release. */
export class SnapshotTooNew extends Error {
  override name = 'SnapshotTooNew';
}

/** Maps and sets as lists; what can be derived (linked sources, inputs of subworkflows) is left out, since it may be large and repeated. */
type Flat<T> = { [K in keyof T]: T[K] extends Map<infer Key, infer Value> ? [Key, Value][] : T[K] extends Set<infer Item> ? Item[] : T[K] };
type RunSnapshot = Omit<Flat<RunState>, 'changes' | 'root'> & { schema: number; root?: InstanceSnapshot };
type InstanceSnapshot = Omit<InstanceState, 'inputs' | 'nodes'> & { nodes: [string, NodeSnapshot][] };
type NodeSnapshot = Omit<Flat<NodeState>, 'sources' | 'skipped' | 'elements'> & { skipped: string; elements: [number, ElementSnapshot][] };
type ElementSnapshot = Omit<ElementState, 'instance'> & { instance?: InstanceSnapshot };

/** The state as JSON. A value in it is shared with the state, so it must be written out before the next command. */
export function serialize(run: RunState): Json {
  const { changes: _changes, root, evaluations, attempts, readyNodes, ...plain } = run;
  const snapshot: RunSnapshot = {
    schema,
    ...plain,
    evaluations: [...evaluations],
    attempts: [...attempts],
    readyNodes: [...readyNodes],
    ...(root && { root: flattenInstance(root) }),
  };
  return snapshot as unknown as Json;
}

function flattenInstance({ inputs: _inputs, nodes, ...plain }: InstanceState): InstanceSnapshot {
  return { ...plain, nodes: [...nodes].map(([id, node]) => [id, flattenNode(node)]) };
}

function flattenNode({ sources: _sources, skipped, elements, ready, chunks, ...plain }: NodeState): NodeSnapshot {
  return {
    ...plain,
    skipped: encodeBits(skipped),
    elements: [...elements].map(([index, { instance, ...element }]) => [
      index,
      { ...element, ...(instance && { instance: flattenInstance(instance) }) },
    ]),
    ready: [...ready],
    chunks: [...chunks],
  };
}

/** The state of a snapshot of this release or one before. Throws SnapshotTooNew. */
export function restore(plan: Plan, json: Json): RunState {
  const snapshot = structuredCopy(json) as unknown as RunSnapshot;
  if (!(snapshot.schema <= schema))
    throw new SnapshotTooNew(`the snapshot has schema ${snapshot.schema}; this release reads up to ${schema}`);
  const { schema: _schema, root, evaluations, attempts, readyNodes, ...plain } = snapshot;
  const run: RunState = {
    ...plain,
    evaluations: new Map(evaluations),
    attempts: new Map(attempts),
    readyNodes: new Set(readyNodes),
    changes: { evaluations: new Set(), nodes: new Set() },
  };
  if (!root) return run;
  run.root = inflateInstance(plan, root, run.accepted?.inputs ?? {});
  const place = rootPlace(plan, run);
  if (place) deriveNodes(place, root);
  return run;
}

/** The state changes in place, the snapshot must not. */
function structuredCopy(json: Json): Json {
  return JSON.parse(JSON.stringify(json)) as Json;
}

function inflateInstance(plan: Plan, { nodes, ...plain }: InstanceSnapshot, given: RunValues): InstanceState {
  const { inputs } = newInstance(plan, given);
  return { ...plain, inputs, nodes: new Map(nodes.map(([id, node]) => [id, inflateNode(node)])) };
}

function inflateNode({ skipped, elements, ready, chunks, ...plain }: NodeSnapshot): NodeState {
  return {
    ...plain,
    sources: {},
    skipped: decodeBits(skipped),
    elements: new Map(elements.map(([index, { instance: _instance, ...element }]) => [index, element])),
    ready: new Set(ready),
    chunks: new Map(chunks),
  };
}

/** Top-down: inputs of an instance, sources of its nodes, then the instances inside. */
function deriveNodes(place: InstancePlace, snapshot: InstanceSnapshot): void {
  if (place.state.phase === 'inputs') return;
  for (const input of place.plan.inputs) {
    const found = inputAnswer(place, input);
    if ('value' in found) place.state.inputs[input.id] = found.value;
  }
  for (const [id, { elements }] of snapshot.nodes) {
    const node = nodePlace(place, id);
    if (node?.state.phase === 'active') deriveElements(node, elements);
  }
}

function deriveElements(node: NodePlace, snapshots: [number, ElementSnapshot][]): void {
  for (const { id } of node.plan.step.in) {
    const found = sourceAnswer(node, id);
    if ('value' in found) node.state.sources[id] = found.value;
  }
  const inner = node.plan.inner?.();
  for (const [index, { instance }] of snapshots) {
    const element = elementPlace(node, index);
    if (!instance || !inner || !element.state) continue;
    element.state.instance = inflateInstance(inner, instance, elementInputs(node, index, element.state.answers).values);
    const place = innerPlace(element);
    if (place) deriveNodes(place, instance);
  }
}
