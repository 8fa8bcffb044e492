import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Json, JsonObject } from './values.ts';

/** A job whose literal files and folders are written below `folder`: most users have their files on a disk. */
export function onDisk(job: JsonObject, folder: string): JsonObject {
  return Object.fromEntries(Object.entries(job).map(([name, value]) => [name, written(value, () => mkdtempSync(join(folder, 'given-')))]));
}

function written(value: Json, into: () => string): Json {
  if (Array.isArray(value)) return value.map((item) => written(item, into));
  if (typeof value !== 'object' || value === null) return value;
  const { class: kind, basename, contents, listing } = value;
  if (typeof basename !== 'string') return value;
  const path = join(into(), basename);
  if (kind === 'File' && typeof contents === 'string') writeFileSync(path, contents);
  else if (kind === 'Directory' && Array.isArray(listing)) {
    mkdirSync(path);
    for (const item of listing) written(item, () => path);
  } else return value;
  return { class: kind ?? null, path };
}
