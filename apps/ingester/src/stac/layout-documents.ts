import type { Json, JsonObject } from '@runnel/cwl';
import { isObject } from './check-document.ts';
import type { CatalogueRow } from './catalogue-rows.ts';

/** Where the published catalogue stands among the workspace's files: the layout that users of the hub's object store know. */
const folder = 'processing-results';

/** A document by its path below the workspace's files. */
export interface LayoutFile {
  path: string;
  document: JsonObject;
}

/** An asset: its object, and its path below the workspace's files. */
export interface LayoutAsset {
  key: string;
  path: string;
}

export interface Layout {
  documents: LayoutFile[];
  assets: LayoutAsset[];
  /** Catalogues that other runs write too, innermost first: `child` is to be among their links. */
  catalogues: { path: string; id: string; description: string; child: string; parent?: string; root: string }[];
}

/**
 * `processing-results/{process}/{catalogue}/{collection}/{item}.json` and the documents above, linked relatively: the tree is right under every
 * address it is read by. `pathOf` tells an asset's path in the output directory by its location.
 */
export function planLayout(rows: readonly CatalogueRow[], pathOf: (location: string) => string | undefined): Layout {
  const layout: Layout = { documents: [], assets: [], catalogues: [] };
  for (const collection of rows.filter(({ item }) => item === '')) {
    const items = rows.filter((row) => row.item !== '' && row.collection === collection.collection);
    planCollection(layout, collection, items, pathOf);
  }
  return layout;
}

function planCollection(
  layout: Layout,
  row: CatalogueRow,
  items: readonly CatalogueRow[],
  pathOf: (location: string) => string | undefined,
): void {
  const [process, catalogue, collection] = [row.process, row.catalogue, row.collection].map(fileName) as [string, string, string];
  const above = `${folder}/${process}/${catalogue}`;
  const within = (inner: string) => (document: JsonObject) => placeAssets(layout, document, `${above}/${collection}`, inner, pathOf);
  const json = 'application/json';
  layout.documents.push({
    path: `${above}/${collection}.json`,
    document: linked(within(`./${collection}/`)(row.document), [
      { rel: 'root', href: `../../../${folder}.json`, type: json },
      { rel: 'parent', href: `../${catalogue}.json`, type: json },
      ...items.map(({ item }) => ({ rel: 'item', href: `./${collection}/${fileName(item)}.json`, type: 'application/geo+json' })),
    ]),
  });
  for (const item of items) {
    layout.documents.push({
      path: `${above}/${collection}/${fileName(item.item)}.json`,
      document: linked(within('./')(item.document), [
        { rel: 'root', href: `../../../../${folder}.json`, type: json },
        { rel: 'collection', href: `../${collection}.json`, type: json },
        { rel: 'parent', href: `../${collection}.json`, type: json },
      ]),
    });
  }
  layout.catalogues.push(
    {
      path: `${folder}/${process}/${catalogue}.json`,
      id: row.catalogue,
      description: `${row.process} Outputs Catalog`,
      child: `./${catalogue}/${collection}.json`,
      parent: `../${process}.json`,
      root: `../../${folder}.json`,
    },
    {
      path: `${folder}/${process}.json`,
      id: row.process,
      description: `${row.process} Outputs Catalog`,
      child: `./${process}/${catalogue}.json`,
      parent: `../${folder}.json`,
      root: `../${folder}.json`,
    },
    {
      path: `${folder}.json`,
      id: folder,
      description: 'Results of all processes',
      child: `./${folder}/${process}.json`,
      root: `./${folder}.json`,
    },
  );
}

function placeAssets(
  layout: Layout,
  document: JsonObject,
  target: string,
  inner: string,
  pathOf: (location: string) => string | undefined,
): JsonObject {
  if (!isObject(document['assets'])) return document;
  const assets = Object.entries(document['assets']).map(([name, asset]) => {
    const location = isObject(asset) && typeof asset['href'] === 'string' ? asset['href'] : undefined;
    const path = location === undefined ? undefined : pathOf(location);
    if (!isObject(asset) || location === undefined || path === undefined) return [name, asset];
    layout.assets.push({ key: location.slice('runnel:'.length), path: `${target}/${path}` });
    return [name, { ...asset, href: inner + path.split('/').map(encodeURIComponent).join('/') }];
  });
  return { ...document, assets: Object.fromEntries(assets) as JsonObject };
}

function linked(document: JsonObject, links: JsonObject[]): JsonObject {
  const own = (Array.isArray(document['links']) ? document['links'] : []) as JsonObject[];
  return { ...document, links: [...links, ...own.filter(({ href }) => typeof href === 'string' && !href.startsWith('runnel:'))] };
}

/** The catalogue with one more child; what another run wrote stays. */
export function withChild(present: Json | undefined, { id, description, child, parent, root }: Layout['catalogues'][number]): JsonObject {
  const type = 'application/json';
  const known = isObject(present) && Array.isArray(present['links']) ? (present['links'] as JsonObject[]) : [];
  const children = known.filter(({ rel, href }) => rel === 'child' && href !== child);
  const links = [
    { rel: 'root', href: root, type },
    ...(parent === undefined ? [] : [{ rel: 'parent', href: parent, type }]),
    ...children,
    { rel: 'child', href: child, type },
  ];
  return { type: 'Catalog', stac_version: '1.0.0', id, description, links };
}

/** Ids are the user's; a path has no room for all of them. */
function fileName(id: string): string {
  return id.replaceAll(/[/\\]|\p{Cc}/gu, '_').replace(/^\./, '_') || '_';
}
