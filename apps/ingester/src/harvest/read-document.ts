import type { Json, JsonObject } from '@runnel/cwl';
import { faultOfCollection, faultOfItem, idOf, isObject } from '../stac/check-document.ts';
import { isStructural } from '../stac/read-catalogue.ts';
import { resolveHref } from '../stac/resolve-href.ts';
import { locationOf } from '../results/locations.ts';

/** A document of the catalogue; item `''` is the collection itself. */
export interface HarvestedDocument {
  readonly collection: string;
  readonly item: string;
  readonly document: JsonObject;
}

export type ReadDocument =
  | { readonly kind: 'document'; readonly found: HarvestedDocument }
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** Where items stand that name no collection. */
const noCollection = 'harvested';
const longestId = 1000;

/**
 * Reads a STAC Collection or Item of a watched source. `path` is relative to the source's root, `root` the key of that root: relative addresses in
 * the document become locations below it, and none leads out of it.
 */
export function readHarvested(text: string, path: string, root: string): ReadDocument {
  const document = parsed(text);
  if (typeof document === 'string') return { kind: 'refused', reason: document };
  if (document['type'] === 'Catalog') return { kind: 'ignored', reason: 'a Catalog: its collections and items are listed by themselves' };
  const isCollection = document['type'] === 'Collection';
  const fault = isCollection ? faultOfCollection(document) : faultOfItem(document);
  if (fault !== undefined) return { kind: 'refused', reason: fault };
  const named = isCollection || typeof document['collection'] !== 'string' ? noCollection : document['collection'];
  const [collection, item] = isCollection ? [idOf(document), ''] : [named, idOf(document)];
  const badId = [collection, item].find((id) => id.includes('\0') || !id.isWellFormed() || id.length > longestId);
  if (badId !== undefined || collection === '')
    return { kind: 'refused', reason: `an id of a collection or item is text of 1 to ${longestId} characters without null` };
  try {
    const shown = {
      ...document,
      ...(isCollection ? {} : { collection }),
      links: linksOf(document, path, root),
      ...assetsOf(document, path, root),
    };
    return { kind: 'document', found: { collection, item, document: shown } };
  } catch (error) {
    if (error instanceof BadAddress) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

class BadAddress extends Error {
  override readonly name = 'BadAddress';
}

/** The object, or what is wrong. */
function parsed(text: string): JsonObject | string {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : 'it is not a JSON object';
  } catch (error) {
    return `it is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Links to anything but other documents of the catalogue: who shows a document makes those anew. */
function linksOf(document: JsonObject, path: string, root: string): Json {
  const links = document['links'] as (JsonObject & { rel: string; href: string })[];
  return links
    .filter(({ rel }) => !isStructural(rel))
    .map((link) => ({ ...link, href: addressOf(`its ${link.rel} link`, path, link.href, root) }));
}

function assetsOf(document: JsonObject, path: string, root: string): { assets?: JsonObject } {
  if (!isObject(document['assets'])) return {};
  const assets = Object.entries(document['assets']).map(([name, asset]): [string, Json] =>
    isObject(asset) && typeof asset['href'] === 'string'
      ? [name, { ...asset, href: addressOf(`its asset ${name}`, path, asset['href'], root) }]
      : [name, asset],
  );
  return { assets: Object.fromEntries(assets) };
}

function addressOf(what: string, path: string, href: string, root: string): string {
  if (/^runnel:/i.test(href)) throw new BadAddress(`${what}: ${href} is an address of the services' own`);
  const target = resolveHref(path, href);
  if (target.kind === 'fault') throw new BadAddress(`${what}: ${target.reason.replace('output directory', 'watched source')}`);
  return target.kind === 'external' ? target.href : locationOf(`${root}${target.path}`);
}
