import { pathOf, valueAt } from '@runnel/contracts';
import type { CloudEvent } from '@runnel/contracts';
import type { Json, JsonObject } from '@runnel/cwl';
import type { Trigger } from './trigger-definition.ts';

/** Runs that one event may start by one trigger. */
const mostRuns = 1000;

type Mapping = Pick<Trigger, 'inputs' | 'each'>;

/** How many runs an event asks for: one, or with `each` one for every element of a list. */
export function countRuns({ each }: Mapping, event: CloudEvent): { readonly count: number } | { readonly reason: string } {
  if (each === undefined) return { count: 1 };
  const list = valueAt(event, pathOf(each));
  if (!Array.isArray(list)) return { reason: `each: ${each} is no list` };
  if (list.length > mostRuns) return { reason: `each: ${each} has ${list.length} elements, ${mostRuns} at most start runs` };
  return { count: list.length };
}

/** The inputs of one of the runs that an event asks for. */
export function mapInputs(
  { inputs, each }: Mapping,
  event: CloudEvent,
  index: number,
): { readonly inputs: JsonObject } | { readonly reason: string } {
  const item = each === undefined ? undefined : valueAt(event, [...pathOf(each), index]);
  const mapped: [string, Json][] = [];
  for (const [name, source] of Object.entries(inputs)) {
    if ('value' in source) {
      mapped.push([name, source.value]);
      continue;
    }
    const [first = '', ...rest] = pathOf(source.from);
    const found = first === 'item' ? valueAt({ ...event, data: item }, ['data', ...rest]) : valueAt(event, [first, ...rest]);
    const value = found ?? source.default;
    if (value === undefined) return { reason: `${name}: there is no ${source.from}` };
    mapped.push([name, value as Json]);
  }
  return { inputs: Object.fromEntries(mapped) };
}
