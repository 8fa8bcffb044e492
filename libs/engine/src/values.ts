import { visitPathValues, type Json } from '@runnel/cwl';
import type { RunValue, RunValues } from './types.ts';

/** Elements of a scatter whose outputs are gathered into one stored object. */
export const chunkSize = 1000;

/**
 * `{ $stored: { key, index?, output?, length? } }`: the JSON in object `key`; with `index` that element of the list in it; with `output` that
 * field of the element. `length` is present where the stored value is a list, so that it can be scattered unread.
 */
export interface StoredReference {
  key: string;
  index?: number;
  output?: string;
  length?: number;
}

/**
 * `{ $chunks: { keys, size, offset, output, shape } }`: an array made of gathered chunks. Each key holds a list of `size` output objects (the
 * last one fewer); position p (from 0, row-major) of the array is field `output` of entry `(offset + p) % size` of `keys[(offset + p) / size]`.
 * `shape` is `[n]` for a plain array, `[n, m]` for n lists of m (nested_crossproduct).
 */
export interface ChunksReference {
  keys: string[];
  size: number;
  offset: number;
  output: string;
  shape: number[];
}

type JsonRecord = { [key: string]: Json };
const isRecord = (value: Json | undefined): value is JsonRecord => typeof value === 'object' && value !== null && !Array.isArray(value);

export function storedOf(value: RunValue | undefined): StoredReference | undefined {
  return isRecord(value) && isRecord(value['$stored']) ? (value['$stored'] as unknown as StoredReference) : undefined;
}

export function chunksOf(value: RunValue | undefined): ChunksReference | undefined {
  return isRecord(value) && isRecord(value['$chunks']) ? (value['$chunks'] as unknown as ChunksReference) : undefined;
}

export const stored = (reference: StoredReference): RunValue => ({ $stored: { ...reference } });
export const chunks = (reference: ChunksReference): RunValue => ({ $chunks: { ...reference } });

/** Immutable values are asked about once per element of a scatter; the answer is kept with lists, which alone are long. */
const known = new WeakMap<RunValue[], boolean>();

/**
 * Whether a reference stands anywhere in the value. Values from users, tools and expressions must be refused when this is true: only the
 * services may name objects of the store.
 */
export function containsReference(value: RunValue): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (!Array.isArray(value))
    return storedOf(value) !== undefined || chunksOf(value) !== undefined || Object.values(value).some(containsReference);
  const answer = known.get(value) ?? value.some(containsReference);
  known.set(value, answer);
  return answer;
}

/** Values alone: they name no file and no folder, and nothing of them is stored elsewhere. */
export function isPlain(value: RunValue): boolean {
  let named = false;
  visitPathValues(value, () => (named = true));
  return !named && !containsReference(value);
}

/** Whether a value is null; `unknown` for an element of a stored list, which nobody has looked at. */
export function nullness(value: RunValue): 'null' | 'value' | 'unknown' {
  if (value === null) return 'null';
  return storedOf(value)?.index === undefined || storedOf(value)?.length !== undefined ? 'value' : 'unknown';
}

/** Length of a list that may be stored; `unknown` where the object would have to be read, `none` where the value is no list. */
export function listLength(value: RunValue): number | 'unknown' | 'none' {
  if (Array.isArray(value)) return value.length;
  const chunked = chunksOf(value);
  if (chunked) return chunked.shape[0] ?? 0;
  const reference = storedOf(value);
  return reference ? (reference.length ?? 'unknown') : 'none';
}

/** Element `index` of a list whose length is known, as a value or a reference. */
export function elementOf(list: RunValue, index: number): RunValue {
  if (Array.isArray(list)) return list[index] ?? null;
  const chunked = chunksOf(list);
  if (chunked) return chunkElement(chunked, index);
  const reference = storedOf(list);
  if (!reference || reference.index !== undefined) throw new Error('elementOf: not a list of known length');
  return stored({ key: reference.key, index });
}

function chunkElement(list: ChunksReference, index: number): RunValue {
  const inner = list.shape.slice(1);
  const count = inner.reduce((product, n) => product * n, 1);
  const start = list.offset + index * count;
  const first = Math.floor(start / list.size);
  if (inner.length === 0) return stored({ key: list.keys[first]!, index: start % list.size, output: list.output });
  const last = count === 0 ? first : Math.floor((start + count - 1) / list.size) + 1;
  return chunks({ ...list, keys: list.keys.slice(first, last), offset: start % list.size, shape: inner });
}

/** Lists nested by `shape` over `flat` (row-major); `[3, 0]` gives three empty lists. */
export function nest(flat: RunValue[], shape: number[]): RunValue {
  const build = (depth: number, from: number): RunValue => {
    const length = shape[depth] ?? 0;
    if (depth >= shape.length - 1) return flat.slice(from, from + length);
    const width = shape.slice(depth + 1).reduce((product, n) => product * n, 1);
    return Array.from({ length }, (_, index) => build(depth + 1, from + index * width));
  };
  return build(0, 0);
}

/** Replaces every reference in a value by what it stands for. All I/O is in `read`, which gives the JSON of an object; keep a cache there. */
export async function resolveValue(value: RunValue, read: (key: string) => Promise<Json>): Promise<Json> {
  if (typeof value !== 'object' || value === null || !containsReference(value)) return value;
  const reference = storedOf(value);
  if (reference) return resolveValue(pick(await read(reference.key), reference), read);
  const chunked = chunksOf(value);
  if (chunked) return resolveValue(await readChunks(chunked, read), read);
  if (Array.isArray(value)) return Promise.all(value.map((item) => resolveValue(item, read)));
  const entries = Object.entries(value).map(async ([name, item]) => [name, await resolveValue(item, read)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

export const resolveValues = async (values: RunValues, read: (key: string) => Promise<Json>): Promise<RunValues> =>
  (await resolveValue(values, read)) as RunValues;

function pick(content: Json, { key, index, output }: StoredReference): Json {
  const element = index === undefined ? content : Array.isArray(content) ? content[index] : undefined;
  const found = output === undefined ? element : isRecord(element) ? (element[output] ?? null) : undefined;
  if (found === undefined)
    throw new Error(`object ${key} has no entry ${index ?? ''}${output === undefined ? '' : ` with field ${output}`}`);
  return found;
}

async function readChunks(list: ChunksReference, read: (key: string) => Promise<Json>): Promise<Json> {
  const count = list.shape.reduce((product, n) => product * n, 1);
  const flat: Json[] = [];
  for (const [position, key] of list.keys.entries()) {
    const content = await read(key);
    const from = position === 0 ? list.offset : 0;
    const until = Math.min(list.size, from + count - flat.length);
    for (let index = from; index < until; index++) flat.push(pick(content, { key, index, output: list.output }));
  }
  return nest(flat, list.shape);
}
