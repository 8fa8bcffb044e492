import type { Json, LinkMerge, PickValue, Source } from '@runnel/cwl';
import type { Answer, Ask } from './expression.ts';
import { lookAt } from './expression.ts';
import type { ExpressionRules } from './scope.ts';
import type { FailureInfo, RunValue } from './types.ts';
import { listLength, nullness } from './values.ts';

/** A step input or a workflow output and what its sources gave. */
export interface Link {
  id: string;
  source?: Source[];
  linkMerge?: LinkMerge;
  pickValue?: PickValue;
  default?: Json;
}

/** Our own expressions run whether or not the document asks for JavaScript. */
const ownRules: ExpressionRules = { cwlVersion: 'v1.2', javascript: true, library: [] };

/**
 * Value of a link (Workflow §4.3): merge, then pickValue, then default. `answered` is what an earlier question about this link gave. Where a
 * stored value would have to be read to decide, the question is asked as an expression over the sources.
 */
export function linkValue(link: Link, values: RunValue[], path: string, answered?: RunValue): Answer {
  if (answered !== undefined) return { value: withDefault(link, answered) };
  if (link.source === undefined || link.source.length === 0) return { value: link.default ?? null };
  const merged = merge(link, values, path);
  const picked = link.pickValue && 'value' in merged ? pick(link, merged.value, path) : merged;
  if (!('value' in picked)) return picked;
  if (link.default !== undefined && nullness(picked.value) === 'unknown') return { ask: lookAt(picked.value, path, ownRules) };
  return { value: withDefault(link, picked.value) };
}

/** A list whose length only the store knows. */
export const lengthQuestion = (list: RunValue, path: string): Ask => lookAt(list, path, ownRules);

const withDefault = (link: Link, value: RunValue): RunValue => (value === null ? (link.default ?? null) : value);

function merge(link: Link, values: RunValue[], path: string): Answer {
  if (link.linkMerge === undefined && link.source?.length === 1) return { value: values[0] ?? null };
  if (link.linkMerge !== 'merge_flattened') return { value: values };
  if (values.some((value) => !Array.isArray(value) && listLength(value) !== 'none')) {
    return { ask: { ...lookAt(values, path, ownRules), template: script('[].concat.apply([], self)', link) } };
  }
  return { value: values.flatMap((value) => value) };
}

function pick(link: Link, value: RunValue, path: string): Answer {
  const read: Answer = { ask: { ...lookAt(value, path, ownRules), template: script('self', link) } };
  if (!Array.isArray(value)) return listLength(value) === 'none' ? { value: pickSingle(link, value) } : read;
  if (value.some((item) => nullness(item) === 'unknown')) return read;
  const present = value.filter((item) => item !== null);
  if (link.pickValue === 'all_non_null') return { value: present };
  if (present.length === 0) return fail(`${path}: ${link.pickValue} found that every source is null`);
  if (link.pickValue === 'the_only_non_null' && present.length > 1) {
    return fail(`${path}: the_only_non_null found ${present.length} sources that are not null`);
  }
  return { value: present[0] ?? null };
}

/** One source that is no list: all_non_null gives a list in any case. */
function pickSingle({ pickValue }: Link, value: RunValue): RunValue {
  if (pickValue !== 'all_non_null') return value;
  return value === null ? [] : [value];
}

const fail = (reason: string): { failure: FailureInfo } => ({ failure: { class: 'inputs', reason } });

/** The same rules as JavaScript over the merged value; thrown texts become the reason of the failure. */
function script(merged: string, { pickValue }: Link): string {
  if (pickValue === undefined) return `$(${merged})`;
  const single = pickValue === 'all_non_null' ? 'list === null ? [] : [list]' : 'list';
  const list = `var list = ${merged}; if (!Array.isArray(list)) { return ${single}; }`;
  const present = 'var present = list.filter(function (item) { return item !== null; });';
  if (pickValue === 'all_non_null') return `\${ ${list} ${present} return present; }`;
  const none = `if (present.length === 0) { throw new Error("${pickValue} found that every source is null"); }`;
  const many = `if (present.length > 1) { throw new Error("the_only_non_null found " + present.length + " sources that are not null"); }`;
  return `\${ ${list} ${present} ${none} ${pickValue === 'first_non_null' ? '' : many} return present[0]; }`;
}
