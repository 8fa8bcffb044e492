import type { Json, JsonObject } from '../model.ts';
import { defineOwn } from './parse-json.ts';
import { isRaw } from './raw.ts';
import { expandPrefix } from './scope.ts';
import { resolvePath, resolveUri } from './uri.ts';

/** What makes the files in a value independent of the document it was written in. */
export interface Surroundings {
  /** The document that a map was written in. */
  uriOf(node: object): string;
  namespaces: { [prefix: string]: string };
}

/**
 * A copy of a value in which every File and Directory, however deep, has an absolute `location` (in place of `location` or `path`) and its format
 * written out. Numbers that JSON cannot hold become null.
 */
export function withAbsoluteLocations(value: unknown, around: Surroundings): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map((item) => withAbsoluteLocations(item, around));
  if (!isRaw(value)) return null;
  const copy: JsonObject = {};
  for (const [key, item] of Object.entries(value)) defineOwn(copy, key, withAbsoluteLocations(item, around));
  if (copy['class'] !== 'File' && copy['class'] !== 'Directory') return copy;
  const { location, path, format } = copy;
  if (typeof location === 'string') {
    copy['location'] = resolveUri(around.uriOf(value), location);
    delete copy['path'];
  } else if (typeof path === 'string') {
    copy['location'] = resolvePath(around.uriOf(value), path);
    delete copy['path'];
  }
  if (typeof format === 'string') copy['format'] = expandPrefix(around.namespaces, format);
  return copy;
}
