import type { Plan, PlanNode } from './plan.ts';
import { digits, fromDigits } from './shape.ts';
import type { ElementState, InstanceState, NodeState, RunState } from './state.ts';

/** An instance of a plan and where it stands; `owner` is the element that runs it. The root's path is ''. */
export interface InstancePlace {
  path: string;
  plan: Plan;
  state: InstanceState;
  owner?: ElementPlace;
}

export interface NodePlace {
  path: string;
  instance: InstancePlace;
  plan: PlanNode;
  state: NodeState;
}

/** One element of a node, under way or not (`state` undefined: not yet, or ended). */
export interface ElementPlace {
  path: string;
  node: NodePlace;
  index: number;
  state?: ElementState;
}

export function rootPlace(plan: Plan, run: RunState): InstancePlace | undefined {
  return run.root && { path: '', plan, state: run.root };
}

export function nodePlace(instance: InstancePlace, id: string): NodePlace | undefined {
  const plan = instance.plan.nodes.get(id);
  const state = instance.state.nodes.get(id);
  return plan && state && { path: instance.path === '' ? id : `${instance.path}/${id}`, instance, plan, state };
}

export function elementPlace(node: NodePlace, index: number): ElementPlace {
  const state = node.state.elements.get(index);
  return { path: elementPath(node, index), node, index, ...(state && { state }) };
}

/** `tile` where it is not scattered, else `tile[3]`, nested `tile[3][0]`. */
function elementPath({ path, state }: NodePlace, index: number): string {
  return state.shape.length === 0 ? path : `${path}[${digits(index, state.shape).join('][')}]`;
}

export function innerPlace(element: ElementPlace): InstancePlace | undefined {
  const state = element.state?.instance;
  const plan = element.node.plan.inner?.();
  return state && plan && { path: element.path, plan, state, owner: element };
}

const segment = /^(.*?)((?:\[\d+\])*)$/s;

/** Follows a path; undefined where it leads to nothing that is in the state (an instance that has ended, an unknown step). */
export function findElement(plan: Plan, run: RunState, path: string): ElementPlace | undefined {
  const cut = path.lastIndexOf('/');
  const instance = findInstance(plan, run, cut < 0 ? '' : path.slice(0, cut));
  const [, id = '', indices = ''] = segment.exec(path.slice(cut + 1)) ?? [];
  const node = instance && nodePlace(instance, id);
  if (!node) return undefined;
  const figures = [...indices.matchAll(/\d+/g)].map(Number);
  const index = fromDigits(figures, node.state.shape);
  return index === undefined ? undefined : elementPlace(node, index);
}

export function findInstance(plan: Plan, run: RunState, path: string): InstancePlace | undefined {
  if (path === '') return rootPlace(plan, run);
  const element = findElement(plan, run, path);
  return element && innerPlace(element);
}

export function findNode(plan: Plan, run: RunState, path: string): NodePlace | undefined {
  const cut = path.lastIndexOf('/');
  const instance = findInstance(plan, run, cut < 0 ? '' : path.slice(0, cut));
  return instance && nodePlace(instance, path.slice(cut + 1));
}
