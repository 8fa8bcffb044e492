import type { Json, JsonObject } from '@runnel/cwl';

/** What a reference to STAC turned out to be. Addresses are absolute. */
export type StacDocument =
  | { readonly kind: 'item'; readonly item: StacItem }
  /** Of a Collection, a Catalog or a list of items: where its items are, or the items themselves. */
  | { readonly kind: 'several'; readonly what: string; readonly items: readonly (string | StacItem)[] }
  | { readonly kind: 'other' };

export interface StacItem {
  /** As it stood at its address. */
  readonly document: JsonObject;
  readonly id: string;
  /** Where it stood. */
  readonly base: string;
  readonly assets: readonly StacAsset[];
}

export interface StacAsset {
  readonly key: string;
  readonly href: string;
  /** Its file beside the item: the end of its address, made unique. */
  readonly name: string;
  /** By the file extension of STAC, where the item tells. */
  readonly checksum?: { readonly algorithm: string; readonly hex: string };
}

/** Reads a document that stood at `base`; pure. */
export function readStac(value: unknown, base: string): StacDocument {
  if (!isObject(value)) return { kind: 'other' };
  const type = value['type'];
  if (type === 'Feature') return { kind: 'item', item: readItem(value, base) };
  if (type === 'FeatureCollection' && Array.isArray(value['features'])) {
    const features = value['features'].filter(isObject).map((feature) => readItem(feature, base));
    return { kind: 'several', what: 'a list of items', items: features };
  }
  if (type !== 'Collection' && type !== 'Catalog') return { kind: 'other' };
  const links = (Array.isArray(value['links']) ? value['links'] : []).filter(isObject);
  const hrefs = links.flatMap(({ rel, href }) => (rel === 'item' && typeof href === 'string' ? [absolute(href, base)] : []));
  return { kind: 'several', what: `a STAC ${type}`, items: hrefs };
}

function readItem(document: JsonObject, base: string): StacItem {
  const names = new Set<string>();
  const assets = isObject(document['assets']) ? Object.entries(document['assets']) : [];
  return {
    document,
    base,
    id: typeof document['id'] === 'string' && document['id'] !== '' ? document['id'] : 'item',
    assets: assets.flatMap(([key, asset]): StacAsset[] => {
      if (!isObject(asset) || typeof asset['href'] !== 'string') return [];
      const href = absolute(asset['href'], base);
      const checksum = readChecksum(asset['file:checksum']);
      return [{ key, href, name: uniqueName(href, key, names), ...(checksum ? { checksum } : {}) }];
    }),
  };
}

function absolute(href: string, base: string): string {
  // Keys in buckets are taken as they stand; what is relative to one is a reference as everywhere.
  if (isBucketAddress(href)) return href;
  if (isBucketAddress(base)) {
    const written = encodeURI(base).replace(/[?#]/g, encodeURIComponent);
    const found = URL.canParse(href, written) ? new URL(href, written).href : href;
    return isBucketAddress(found) ? decoded(found) : found;
  }
  return URL.canParse(href, base) ? new URL(href, base).href : href;
}

export const isBucketAddress = (href: string): boolean => /^s3:\/\//i.test(href);

/** Names of files in a folder: no slash, no dot in front, as short as file systems want them. */
export const safeName = (text: string): string =>
  text
    .replace(/[^\w.-]+/g, '_')
    .replace(/^\.+/, '_')
    .slice(-120) || '_';

function uniqueName(href: string, key: string, names: Set<string>): string {
  const end = safeName(
    decoded(
      href
        .replace(/[?#].*$/s, '')
        .split('/')
        .at(-1) ?? '',
    ),
  );
  let name = end === '_' ? safeName(key) : end;
  for (let number = 1; names.has(name); number += 1) name = `${safeName(key)}-${number}-${end}`;
  names.add(name);
  return name;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Multihash (file extension, `file:checksum`): code, length, digest, in hexadecimal. Of other kinds nothing is checked. */
const multihashes: Readonly<Record<string, string>> = { '1220': 'sha256', '1340': 'sha512', '1114': 'sha1', d50110: 'md5' };

function readChecksum(value: Json | undefined): { algorithm: string; hex: string } | undefined {
  if (typeof value !== 'string') return undefined;
  const found = /^(1220|1340|1114|d50110)([0-9a-f]+)$/i.exec(value);
  const algorithm = multihashes[found?.[1]?.toLowerCase() ?? ''];
  return found?.[2] !== undefined && algorithm !== undefined ? { algorithm, hex: found[2].toLowerCase() } : undefined;
}

/** The item as it stands in the staged folder: its assets beside it, no link that leads out of the folder. */
export function stagedItem({ document, id, assets }: StacItem): JsonObject {
  const known = isObject(document['assets']) ? document['assets'] : {};
  const { collection: _collection, ...rest } = document;
  return {
    ...rest,
    id,
    links: [
      { rel: 'root', href: '../catalog.json', type: 'application/json' },
      { rel: 'parent', href: '../catalog.json', type: 'application/json' },
    ],
    assets: Object.fromEntries(assets.map(({ key, name }) => [key, { ...(known[key] as JsonObject), href: `./${name}` }])),
  };
}

/** The catalogue around it. */
export function stagedCatalog({ id }: StacItem): JsonObject {
  return {
    type: 'Catalog',
    stac_version: '1.0.0',
    id: 'catalog',
    description: `Staged item ${id}`,
    links: [
      { rel: 'root', href: './catalog.json', type: 'application/json' },
      { rel: 'item', href: `./${safeName(id)}/${safeName(id)}.json`, type: 'application/geo+json' },
    ],
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
