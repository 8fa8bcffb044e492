import type { CwlType, LinkMerge, PickValue, WorkflowStep } from '../model.ts';
import { orNull, withoutNull } from './assignable.ts';

/** How the sources of one sink come together. */
export interface Merging {
  /** The document wrote a list. */
  isList: boolean;
  count: number;
  linkMerge?: LinkMerge;
  pickValue?: PickValue;
}

/** What one source contributes to its sink after linkMerge and pickValue (Workflow §2.1.3, §2.1.4). */
export function mergedType(source: CwlType, { isList, count, linkMerge, pickValue }: Merging): CwlType {
  const method = linkMerge ?? (isList && count > 1 ? 'merge_nested' : undefined);
  const merged: CwlType =
    method === undefined ? source : { type: 'array', items: method === 'merge_flattened' ? flattened(source) : source };
  return pickValue === undefined ? merged : picked(merged, pickValue);
}

function flattened(type: CwlType): CwlType {
  if (Array.isArray(type)) return union(type.map(flattened));
  return typeof type === 'object' && type.type === 'array' ? type.items : type;
}

function picked(type: CwlType, pickValue: PickValue): CwlType {
  if (Array.isArray(type)) {
    // What all_non_null picks of nothing is an empty list, which is of the type of any other.
    const some = pickValue === 'all_non_null' ? withoutNull(type) : type;
    return Array.isArray(some) ? union(some.map((one) => picked(one, pickValue))) : picked(some, pickValue);
  }
  const isList = typeof type === 'object' && type.type === 'array';
  const items = isList ? withoutNull(type.items) : type;
  return pickValue === 'all_non_null' && type !== 'Any' ? { type: 'array', items } : items;
}

/** What a step brings of an output of its process once `when` and scatter have done their part. */
export function stepOutputType(step: WorkflowStep, declared: CwlType): CwlType {
  const single = step.when === undefined ? declared : orNull(declared);
  const depth = step.scatter === undefined ? 0 : step.scatterMethod === 'nested_crossproduct' ? step.scatter.length : 1;
  let type: CwlType = single;
  for (let level = 0; level < depth; level++) type = { type: 'array', items: type };
  return type;
}

/** What the sources of a step input must bring: a list of it where the step scatters over it, anything where an expression follows. */
export function stepInputType(step: WorkflowStep, input: { id: string; valueFrom?: string }, declared: CwlType): CwlType {
  const single: CwlType = input.valueFrom === undefined ? declared : ['null', 'Any'];
  return step.scatter?.includes(input.id) ? { type: 'array', items: single } : single;
}

function union(types: CwlType[]): CwlType {
  const flat = types.flatMap((type) => (Array.isArray(type) ? type : [type]));
  const [only] = flat;
  return flat.length === 1 && only !== undefined ? only : flat;
}
