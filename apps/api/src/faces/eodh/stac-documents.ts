import type { Json, JsonObject } from '@runnel/cwl';
import { addressOf } from '../../runs/addresses.ts';
import { json } from '../ogc/base.ts';
import type { StacRow } from './stac-rows.ts';

export const geojson = 'application/geo+json';

/** Where documents are shown: the face's base for a workspace, and the host before it for files. */
export interface Place {
  readonly base: string;
  readonly origin: string;
}

const name = (id: string): string => encodeURIComponent(id);

export function collectionAddress(
  base: string,
  { process, catalogue, collection }: Pick<StacRow, 'process' | 'catalogue' | 'collection'>,
): string {
  return `${catalogAddress(base, process, catalogue)}/collections/${name(collection)}`;
}

/** Of all results, those of a process, or one catalogue of them. */
export function catalogAddress(base: string, process?: string, catalogue?: string): string {
  const parts = ['processing-results', ...[process, catalogue].filter((part) => part !== undefined)];
  return base + parts.map((part) => `/catalogs/${name(part)}`).join('');
}

/** A collection with links to its items: below itself, or below another address for who may not read the catalogue. */
export function collectionDocument(row: StacRow, items: readonly string[], { base, origin }: Place, below?: string): JsonObject {
  const self = collectionAddress(base, row);
  return shown(row.document, origin, [
    { rel: 'root', href: catalogAddress(base), type: json, title: `Results of ${row.process}` },
    ...items.map((item) => ({ rel: 'item', href: `${below ?? self}/items/${name(item)}`, type: geojson })),
    { rel: 'self', href: self, type: json },
    { rel: 'parent', href: catalogAddress(base, row.process, row.catalogue), type: json },
    { rel: 'items', href: `${self}/items`, type: geojson },
  ]);
}

export function itemDocument(row: StacRow, { base, origin }: Place): JsonObject {
  const collection = collectionAddress(base, row);
  return shown(row.document, origin, [
    { rel: 'root', href: catalogAddress(base), type: json },
    { rel: 'collection', href: collection, type: json },
    { rel: 'parent', href: collection, type: json },
    { rel: 'self', href: `${collection}/items/${name(row.item)}`, type: geojson },
  ]);
}

/** Of a harvested collection, or an item of it. */
export const harvestedAddress = ({ base }: Pick<Place, 'base'>, collection: string, item?: string): string =>
  `${base}/collections/${name(collection)}${item === undefined ? '' : `/items/${name(item)}`}`;

/** The document as published, its files with addresses for this reader. */
export function shown(document: JsonObject, origin: string, links: JsonObject[]): JsonObject {
  const { links: own, assets, ...rest } = document;
  return {
    ...rest,
    links: [...links, ...(Array.isArray(own) ? own.map((link) => withAddress(link, origin)) : [])],
    ...(isObject(assets)
      ? { assets: Object.fromEntries(Object.entries(assets).map(([id, asset]) => [id, withAddress(asset, origin)])) }
      : {}),
  };
}

function withAddress(link: Json, origin: string): Json {
  const href = isObject(link) && typeof link['href'] === 'string' ? addressOf(link['href'], origin) : undefined;
  return isObject(link) && href !== undefined ? { ...link, href } : link;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
