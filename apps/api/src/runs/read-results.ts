import { visitPathValues, type Json, type JsonObject } from '@runnel/cwl';
import { containsReference, resolveValue } from '@runnel/engine';
import { mediaTypeOf, ObjectNotFound, putValue, readValue } from '@runnel/objects';
import { outputsOfRows } from '@runnel/postgres';
import type { ApiContext } from '../context.ts';
import { addressOf } from './addresses.ts';
import type { RunRow } from './run-row.ts';

/** Bytes of a result document or of one stored value in it. */
const largest = 256 * 1024 * 1024;

type Stores = Pick<ApiContext, 'objects' | 'database'>;
type Published = Pick<RunRow, 'id' | 'document'>;

/** What the ingester writes of a run's results. */
interface ResultDocument {
  /** By id, files and folders as CWL says them, large values by reference. */
  readonly outputs: JsonObject;
  /** Where outputs are STAC catalogues. */
  readonly stac?: readonly { readonly collections: readonly string[] }[];
}

/** Undefined before the results are published. */
export async function readResultDocument(stores: Stores, { id, document: key }: Published): Promise<ResultDocument | undefined> {
  if (key === null) return undefined;
  const found = readValue(stores.objects, key, largest) as Promise<ResultDocument>;
  return found.catch((fault: unknown) => restoreDocument(stores, id, key, fault));
}

/** The published outputs of a run by id, files and folders as CWL says them. Undefined before they are published. */
export async function readOutputs(stores: Stores, run: Published): Promise<JsonObject | undefined> {
  const outputs = (await readResultDocument(stores, run))?.outputs;
  if (outputs === undefined || !containsReference(outputs)) return outputs;
  return (await resolveValue(outputs, async (key) => (await readValue(stores.objects, key, largest)) as Json)) as JsonObject;
}

/**
 * The document of results that are values alone is put without waiting for the disk: where a power failure has taken or cut it, it is made again from
 * the rows of the results, which were committed after it. Rejects with the fault where it is another one, the run has no such rows, or they name files:
 * the document of those says more than the rows do.
 */
async function restoreDocument({ objects, database }: Stores, run: string, key: string, fault: unknown): Promise<ResultDocument> {
  if (!(fault instanceof ObjectNotFound || fault instanceof SyntaxError)) throw fault;
  const { rows } = await database.pool.query<{ output: string; value: Json }>({
    name: 'results-of-run',
    text: 'select output, value from results where run_id = $1 order by output',
    values: [run],
  });
  const outputs = outputsOfRows(rows) as JsonObject | undefined;
  if (outputs === undefined || namesFiles(outputs)) throw fault;
  // no crash point: whoever reads it next does it again.
  await putValue(objects, key, { outputs });
  return { outputs };
}

function namesFiles(outputs: JsonObject): boolean {
  let found = false;
  visitPathValues(outputs, () => (found = true));
  return found;
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
