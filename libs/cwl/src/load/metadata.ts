import type { Json, JsonObject } from '../model.ts';
import { defineOwn } from './parse-json.ts';
import { isRaw, type Raw } from './raw.ts';
import { expandPrefix } from './scope.ts';

type Namespaces = { [prefix: string]: string };

/** The fields of a map that carry a namespace, prefixes written out, in nested maps too. `intent` and other fields of CWL are not metadata. */
export function readMetadata(raw: Raw, namespaces: Namespaces): JsonObject {
  const found: JsonObject = {};
  for (const [field, value] of Object.entries(raw)) {
    if (field.includes(':')) defineOwn(found, expandPrefix(namespaces, field), expandKeys(value, namespaces));
  }
  return found;
}

/** `$namespaces` of a document. */
export function readNamespaces(raw: Raw): Namespaces {
  const { $namespaces } = raw;
  if (!isRaw($namespaces)) return {};
  return Object.fromEntries(Object.entries($namespaces).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function expandKeys(value: unknown, namespaces: Namespaces): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map((item) => expandKeys(item, namespaces));
  const copy: JsonObject = {};
  if (isRaw(value))
    for (const [key, item] of Object.entries(value)) defineOwn(copy, expandPrefix(namespaces, key), expandKeys(item, namespaces));
  return copy;
}
