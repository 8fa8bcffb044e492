import type { Json, JsonObject } from '@runnel/cwl';
import { locationOf } from '../results/locations.ts';
import { OutputsRefused } from '../results/outputs-refused.ts';
import type { PlannedDirectory, PlannedFile } from '../results/plan-publication.ts';
import { faultOfCatalog, faultOfCollection, faultOfItem, idOf, isObject } from './check-document.ts';
import { resolveHref, type Target } from './resolve-href.ts';

/** A collection and its items as the catalogue keeps them: addresses of files are `runnel:` locations, links between documents are left out. */
export interface CatalogueCollection {
  id: string;
  /** The user's own document; absent: one is made. */
  document?: JsonObject;
  items: JsonObject[];
}

/** What was read of one output directory. */
export interface ReadCatalogue {
  /** Id of catalog.json, `cat_{run}` where that is empty. */
  id: string;
  collections: CatalogueCollection[];
}

export const catalogueFile = 'catalog.json';

/** Links that say how documents hang together: who shows a document makes them anew. */
const structural = new Set(['self', 'root', 'parent', 'collection', 'item', 'items', 'child', 'children', 'data']);

export const isStructural = (rel: string): boolean => structural.has(rel);

interface Reader {
  run: string;
  directory: PlannedDirectory;
  read: (file: PlannedFile) => Promise<string>;
  collections: Map<string, CatalogueCollection>;
  seen: Set<string>;
}

/**
 * Reads the STAC catalogue in an output directory, following item and child links. Items that hang below a catalogue belong to the collection
 * `col_{run}`. Throws OutputsRefused, naming the file and its fault.
 */
export async function readCatalogue(
  run: string,
  directory: PlannedDirectory,
  read: (file: PlannedFile) => Promise<string>,
): Promise<ReadCatalogue> {
  const reader: Reader = { run, directory, read, collections: new Map(), seen: new Set() };
  const catalogue = await readDocument(reader, catalogueFile, undefined);
  const fault = faultOfCatalog(catalogue);
  if (fault) throw refused(reader, catalogueFile, fault);
  await follow(reader, catalogueFile, catalogue, `col_${run}`);
  // Clients look for the results of a run in its collection, also where it has no items.
  if (reader.collections.size === 0) collectionIn(reader, `col_${run}`);
  return { id: idOf(catalogue) || `cat_${run}`, collections: [...reader.collections.values()] };
}

/** Reads what a catalogue or collection links to; `collection` is where its items belong. */
async function follow(reader: Reader, path: string, document: JsonObject, collection: string): Promise<void> {
  for (const { rel, href } of document['links'] as { rel: string; href: string }[]) {
    if (rel !== 'item' && rel !== 'child') continue;
    const target = resolveHref(path, href);
    if (target.kind === 'fault') throw refused(reader, path, `its ${rel} link ${target.reason}`);
    if (target.kind === 'external') throw refused(reader, path, `its ${rel} link must be relative: ${href}`);
    if (reader.seen.has(target.path)) continue;
    reader.seen.add(target.path);
    const linked = await readDocument(reader, target.path, path);
    if (rel === 'item') addItem(reader, target.path, linked, collection);
    else await readChild(reader, target.path, linked, collection);
  }
}

async function readChild(reader: Reader, path: string, document: JsonObject, collection: string): Promise<void> {
  const isCollection = document['type'] === 'Collection';
  const fault = isCollection ? faultOfCollection(document) : faultOfCatalog(document);
  if (fault) throw refused(reader, path, fault);
  if (!isCollection) return follow(reader, path, document, collection);
  const id = idOf(document) || `col_${reader.run}`;
  collectionIn(reader, id).document = { ...document, id, links: otherLinks(reader, path, document), ...assetsOf(reader, path, document) };
  await follow(reader, path, document, id);
}

function addItem(reader: Reader, path: string, document: JsonObject, collection: string): void {
  const fault = faultOfItem(document);
  if (fault) throw refused(reader, path, fault);
  collectionIn(reader, collection).items.push({
    ...document,
    collection,
    links: otherLinks(reader, path, document),
    ...assetsOf(reader, path, document),
  });
}

function collectionIn({ collections }: Reader, id: string): CatalogueCollection {
  const present = collections.get(id) ?? { id, items: [] };
  collections.set(id, present);
  return present;
}

/** Assets with the locations of the published files. */
function assetsOf(reader: Reader, path: string, document: JsonObject): { assets?: Json } {
  if (!isObject(document['assets'])) return {};
  const assets = Object.entries(document['assets']).map(([name, asset]) => {
    const href = (asset as { href: string }).href;
    const target = resolveHref(path, href);
    if (target.kind === 'fault') throw refused(reader, path, `its asset ${name}: ${target.reason}`);
    if (target.kind === 'file' && !reader.directory.files.has(target.path)) {
      throw refused(reader, path, `its asset ${name} names a file that is not there: ${href}`);
    }
    return [name, { ...(asset as JsonObject), href: addressOf(reader, target) ?? href }];
  });
  return { assets: Object.fromEntries(assets) as JsonObject };
}

/** Links to anything but documents of the same catalogue (licence, source); relative ones only where the file is there. */
function otherLinks(reader: Reader, path: string, document: JsonObject): Json {
  return (document['links'] as (JsonObject & { rel: string; href: string })[]).flatMap((link) => {
    if (isStructural(link.rel)) return [];
    const href = addressOf(reader, resolveHref(path, link.href));
    return href === undefined ? [] : [{ ...link, href }];
  });
}

function addressOf({ directory }: Reader, target: Target): string | undefined {
  if (target.kind === 'external') return target.href;
  const file = target.kind === 'file' ? directory.files.get(target.path) : undefined;
  return file && locationOf(file.target);
}

async function readDocument(reader: Reader, path: string, from: string | undefined): Promise<JsonObject> {
  const file = reader.directory.files.get(path);
  if (!file) throw refused(reader, from ?? path, `it names a document that is not there: ${path}`);
  let document: Json;
  try {
    document = JSON.parse(await reader.read(file)) as Json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw refused(reader, path, `it is not JSON: ${error.message}`);
  }
  if (!isObject(document)) throw refused(reader, path, 'it is not a JSON object');
  return document;
}

function refused({ directory }: Reader, path: string, fault: string): OutputsRefused {
  return new OutputsRefused(`output ${directory.output}, ${path}: ${fault}`);
}
