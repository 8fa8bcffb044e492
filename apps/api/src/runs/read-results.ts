import type { Json, JsonObject } from '@runnel/cwl';
import { containsReference, resolveValue } from '@runnel/engine';
import { mediaTypeOf, readValue } from '@runnel/objects';
import type { ApiContext } from '../context.ts';
import { addressOf } from './addresses.ts';
import type { RunRow } from './run-row.ts';

/** Bytes of a result document or of one stored value in it. */
const largest = 256 * 1024 * 1024;

type Stores = Pick<ApiContext, 'objects' | 'database'>;
type Published = Pick<RunRow, 'id' | 'document' | 'phase'>;

/** What stands of a run's results. */
interface ResultDocument {
  /** By id, files and folders as CWL says them, large values by reference. */
  readonly outputs: JsonObject;
  /** Where outputs are STAC catalogues. */
  readonly stac?: readonly { readonly collections: readonly string[] }[];
}

/** Undefined before the results are published. Those that are values alone have no document: they stand in their row. */
export async function readResultDocument(stores: Stores, { id, document: key, phase }: Published): Promise<ResultDocument | undefined> {
  if (key !== null) return (await readValue(stores.objects, key, largest)) as ResultDocument;
  if (phase !== 'successful') return undefined;
  const { rows } = await stores.database.pool.query<{ outputs: JsonObject }>({
    name: 'results-of-run',
    text: 'select value as outputs from results where run_id = $1',
    values: [id],
  });
  return rows[0];
}

/** The published outputs of a run by id, files and folders as CWL says them. Undefined before they are published. */
export async function readOutputs(stores: Stores, run: Published): Promise<JsonObject | undefined> {
  const outputs = (await readResultDocument(stores, run))?.outputs;
  if (outputs === undefined || !containsReference(outputs)) return outputs;
  return (await resolveValue(outputs, async (key) => (await readValue(stores.objects, key, largest)) as Json)) as JsonObject;
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
