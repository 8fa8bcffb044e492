import type { Json } from '@runnel/cwl';

const scheme = 'runnel:';

export function locationOf(key: string): string {
  return scheme + key;
}

/** Key of an object's location; undefined for any other address. */
export function keyOf(location: string): string | undefined {
  return location.startsWith(scheme) ? location.slice(scheme.length) : undefined;
}

/** sha256 in the key of a content-addressed object of this workspace: by default those in which executors keep what steps made. */
export function contentHashOf(key: string, workspace: string, folder: 'objects' | 'packages/files' = 'objects'): string | undefined {
  const prefix = `${workspace}/${folder}/`;
  const name = key.startsWith(prefix) ? key.slice(prefix.length) : '';
  return /^[0-9a-f]{64}$/.test(name) ? name : undefined;
}

/** A File or Directory value, wherever it stands in a value. */
export interface LocatedValue {
  class: 'File' | 'Directory';
  location?: string;
  size?: number;
  [field: string]: Json | undefined;
}

/** Files and directories in a value, those in secondaryFiles and listings too. */
export function* locatedIn(value: Json | undefined): Generator<LocatedValue> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value) && (value['class'] === 'File' || value['class'] === 'Directory')) yield value as unknown as LocatedValue;
  for (const inner of Object.values(value)) yield* locatedIn(inner);
}
