import type { Json, JsonObject } from '@runnel/cwl';
import { ObjectNotFound, ObjectTooLarge, readValue } from '@runnel/objects';
import { decide } from '../audit/decide.ts';
import type { ApiContext } from '../context.ts';
import { eodhPath } from '../faces/eodh/base.ts';
import { collectionDocument, isObject, itemDocument } from '../faces/eodh/stac-documents.ts';
import { findCollection, findItem, itemIds } from '../faces/eodh/stac-rows.ts';
import type { StacRow } from '../faces/eodh/stac-rows.ts';
import { OutboundRefused } from '../outbound/request-outbound.ts';
import { pathInStore, scheme } from '../runs/addresses.ts';
import type { Buckets } from './buckets.ts';
import { download, fetchJson } from './download.ts';
import type { DownloadLimits } from './download.ts';
import { findFetched, keepFetched } from './fetched-files.ts';
import { readStac, safeName, stagedCatalog, stagedItem } from './stac-item.ts';
import type { StacAsset, StacDocument, StacItem } from './stac-item.ts';

/** One execution's staging. */
export interface Staging {
  readonly services: Pick<ApiContext, 'objects' | 'policy' | 'audit' | 'database'>;
  readonly limits: DownloadLimits;
  readonly buckets: Buckets;
  /** Whose cache of fetched files it uses: where the run executes. */
  readonly workspace: string;
  /** Key below which what is fetched is kept. */
  readonly prefix: string;
  /** Key of the file that a local address names, if the caller may read it and it is there. Throws OutboundRefused where not. */
  readonly authorise: (href: string) => Promise<{ readonly key: string; readonly size: number }>;
  readonly principal: Parameters<typeof decide>[1]['principal'];
  /** Lines for the log of staging in. */
  readonly notes: string[];
}

/** Addresses of this service are written so while they are resolved: relative ones keep working. No such host exists (RFC 2606). */
export const here = 'http://here.invalid';

const largestDocument = 4 * 1024 * 1024;
const mostAssets = 200;
/** Items that a Collection or Catalog may be fanned out to. */
const mostItems = 100;
/** Assets of an item at a time. */
const lanes = 4;

/**
 * Whether a document may name a file or document of this service: one that lies below its own folder, or what the catalogue itself names. Else a
 * document that somebody else wrote could make its reader hand private files to a process.
 */
function mayName(href: string, base: string): boolean {
  if (!href.startsWith(`${here}/`)) return true;
  if (!base.startsWith(`${here}/`)) return false;
  return base.startsWith(`${here}/${eodhPath}/`) || href.startsWith(new URL('.', base).href);
}

function refuseUnlessBeside(href: string, base: string): void {
  if (!mayName(href, base))
    throw new OutboundRefused(`${new URL(href).pathname} does not lie below the folder of the document that names it`);
}

/** What is at an address: a STAC document, wherever it is. `within`: the document that names it. Throws OutboundRefused. */
export async function readReference(staging: Staging, named: string, within?: string): Promise<StacDocument> {
  const href = atHome(staging, named);
  const found = readStac(await readJson(staging, href, within), href);
  if (found.kind === 'several')
    for (const item of found.items) if (typeof item === 'string') refuseUnlessBeside(atHome(staging, item), href);
  return found;
}

/** What lies in the installation's own bucket is an address of this service, and read by its rules. */
function atHome({ services }: Staging, href: string): string {
  const path = pathInStore(href, services.objects.uri);
  return path === undefined ? href : here + path;
}

async function readJson(staging: Staging, href: string, within: string | undefined): Promise<unknown> {
  if (!href.startsWith(`${here}/`)) return fetchJson(await staging.buckets.source(href, within), staging.limits, largestDocument);
  if (href.startsWith(`${here}/${eodhPath}/`)) return readCatalogue(staging, href);
  const { key } = await staging.authorise(href);
  try {
    return await readValue(staging.services.objects, key, largestDocument);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ObjectTooLarge || error instanceof ObjectNotFound)
      throw new OutboundRefused('it is neither a folder nor a STAC item', { cause: error });
    throw error;
  }
}

/** An item or a collection of the catalogue of results, as its face shows it to this caller. */
async function readCatalogue({ services, principal }: Staging, href: string): Promise<unknown> {
  const { database } = services;
  const found = new RegExp(`^/${eodhPath}/([^/]+)/.*/collections/([^/]+)(?:/items/([^/]+))?$`).exec(new URL(href).pathname);
  const [workspace = '', collection = '', item] = (found ?? [])
    .slice(1)
    .map((part: string | undefined) => part && decodeURIComponent(part));
  const nothing = new OutboundRefused('there is no such item in the catalogue');
  if (workspace === '' || !(await decide(services, { principal, action: 'run.list', resource: { workspace } })).allow) throw nothing;
  const place = { base: `${here}/${eodhPath}/${workspace}`, origin: here };
  if (item !== undefined) {
    const row = await findItem(database, workspace, collection, item);
    if (!row) throw nothing;
    return itemDocument(withoutStrangers(row), place);
  }
  const row = await findCollection(database, workspace, collection);
  if (!row) throw nothing;
  return collectionDocument(row, await itemIds(database, workspace, collection, mostItems + 1), place);
}

/** Assets that the ingester put there, and those elsewhere: what else a run wrote into its item is not known to be its own. */
function withoutStrangers(row: StacRow): StacRow {
  const { assets, ...rest } = row.document;
  if (!isObject(assets)) return row;
  const known = Object.entries(assets).filter(
    ([, asset]) => isObject(asset) && typeof asset['href'] === 'string' && /^(runnel|https?):/.test(asset['href']),
  );
  return { ...row, document: { ...rest, assets: Object.fromEntries(known) } };
}

/** Items of a Collection, a Catalog or a list, for an input that takes several folders. */
export async function itemsOf(staging: Staging, { what, items }: StacDocument & { kind: 'several' }, within: string): Promise<StacItem[]> {
  if (items.length > mostItems) throw new OutboundRefused(`it is ${what} with more than ${mostItems} items: name the items`);
  const found: StacItem[] = [];
  for (const one of items) {
    const document = typeof one === 'string' ? await readReference(staging, one, within) : ({ kind: 'item', item: one } as const);
    if (document.kind !== 'item') throw new OutboundRefused(`${shown(one)} in ${what} is not a STAC item`);
    found.push(document.item);
  }
  if (found.length === 0) throw new OutboundRefused(`it is ${what} without items`);
  return found;
}

const shown = (one: string | StacItem): string => (typeof one === 'string' ? one.replace(here, '') : one.id);

/** The folder that a tool gets for an item: `catalog.json`, and beside it a folder with the item and its assets (contract of the EODH face, 5.1). */
export async function stageItem(staging: Staging, item: StacItem, name: string): Promise<Json> {
  if (item.assets.length > mostAssets) throw new OutboundRefused(`item ${item.id} has more than ${mostAssets} assets`);
  const folder = `${staging.prefix}/${safeName(name)}`;
  const files = await inLanes(item.assets, (asset) => stageAsset(staging, asset, item.base, `${folder}/${asset.name}`));
  const bytes = files.reduce((sum, { size }) => sum + Number(size), 0);
  staging.notes.push(`${name}: item ${item.id} with ${files.length} assets, ${bytes} bytes`);
  const own = safeName(item.id);
  return {
    class: 'Directory',
    basename: own,
    listing: [
      await putDocument(staging, `${folder}/catalog.json`, stagedCatalog(item)),
      {
        class: 'Directory',
        basename: own,
        listing: [{ ...(await putDocument(staging, `${folder}/item.json`, stagedItem(item))), basename: `${own}.json` }, ...files],
      },
    ],
  };
}

async function putDocument({ services }: Staging, key: string, document: JsonObject): Promise<JsonObject> {
  const text = JSON.stringify(document, null, 2);
  // no crash point: the run it belongs to is not accepted yet; what is left goes to garbage collection.
  const { size } = await services.objects.put(key, text, { contentType: 'application/json', derived: true });
  return { class: 'File', basename: key.slice(key.lastIndexOf('/') + 1), location: scheme + key, size };
}

async function stageAsset(staging: Staging, asset: StacAsset, base: string, key: string): Promise<JsonObject> {
  const { name } = asset;
  const href = atHome(staging, asset.href);
  refuseUnlessBeside(href, base);
  const file = href.startsWith(`${here}/`) ? await staging.authorise(href) : await fetchAsset(staging, asset, base, key);
  return { class: 'File', basename: name, location: scheme + file.key, size: file.size };
}

async function fetchAsset(
  { services, limits, workspace, buckets }: Staging,
  { href, checksum }: StacAsset,
  base: string,
  key: string,
): Promise<{ key: string; size: number }> {
  const { objects, database } = services;
  const source = await buckets.source(href, base);
  const known = await findFetched(database, workspace, source.place);
  // What an item says of its content holds for content from the cache, too.
  const fits = known && (!checksum || (checksum.algorithm === 'sha256' && checksum.hex === known.sha256));
  const there = fits === true && (await objects.head(known.key)) ? known : undefined;
  const got = await download(objects, source, key, limits, { known: there, checksum });
  if (got.kind === 'stored') {
    if (got.etag !== undefined) await keepFetched(database, workspace, source.place, { etag: got.etag, sha256: got.sha256, key });
    return { key, size: got.size };
  }
  // A copy of its own: the run that had it may be removed.
  // no crash point: the run it belongs to is not accepted yet; what is left goes to garbage collection.
  const { size } = await objects.copy(there?.key ?? '', key, { derived: true });
  return { key, size };
}

/** So many at a time, in the order of the list; the first fault ends it. */
async function inLanes<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  const entries = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of entries) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
