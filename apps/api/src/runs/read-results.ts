import type { Json, JsonObject } from '@runnel/cwl';
import { containsReference, resolveValue } from '@runnel/engine';
import type { ObjectStore } from '@runnel/objects';
import { mediaTypeOf, readValue } from '@runnel/objects';
import { addressOf } from './addresses.ts';
import type { RunRow } from './run-row.ts';

/** Bytes of a result document or of one stored value in it. */
const largest = 256 * 1024 * 1024;

/** The published outputs of a run by id, files and folders as CWL says them. Undefined before they are published. */
export async function readOutputs(objects: ObjectStore, run: Pick<RunRow, 'document'>): Promise<JsonObject | undefined> {
  if (run.document === null) return undefined;
  const read = async (key: string): Promise<Json> => (await readValue(objects, key, largest)) as Json;
  // Written by the ingester.
  const { outputs } = (await read(run.document)) as { outputs: JsonObject };
  return containsReference(outputs) ? ((await resolveValue(outputs, read)) as JsonObject) : outputs;
}

/** Files and folders in a value as links (18-062r2, 7.13) whose addresses begin with `origin`. */
export function toLinks(value: Json, origin: string): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => toLinks(item, origin));
  if (value['class'] === 'File' || value['class'] === 'Directory') return linkOf(value, origin);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toLinks(item, origin)]));
}

/** Media type of a CWL file. */
export function typeOfFile({ basename, mediaType }: JsonObject): string {
  return typeof mediaType === 'string' ? mediaType : mediaTypeOf(typeof basename === 'string' ? basename : '');
}

/** A CWL file object as a link object; what CWL knows of it comes along. */
function linkOf(file: JsonObject, origin: string): Json {
  const {
    class: kind,
    location,
    path: _path,
    dirname: _dirname,
    nameroot: _root,
    nameext: _ext,
    mediaType: _type,
    basename,
    secondaryFiles,
    listing,
    ...known
  } = file;
  const name = typeof basename === 'string' ? basename : '';
  const href = typeof location === 'string' ? addressOf(location, origin) : undefined;
  return {
    ...(href === undefined ? {} : { href }),
    ...(kind === 'File' ? { type: typeOfFile(file) } : {}),
    ...(name === '' ? {} : { title: name }),
    ...known,
    ...(Array.isArray(secondaryFiles) ? { secondaryFiles: toLinks(secondaryFiles, origin) } : {}),
    ...(Array.isArray(listing) ? { listing: toLinks(listing, origin) } : {}),
  };
}
