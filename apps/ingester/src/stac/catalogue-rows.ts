import type { JsonObject } from '@runnel/cwl';
import type { CatalogueCollection } from './read-catalogue.ts';
import { idOf } from './check-document.ts';
import { extentOf } from './extent.ts';

/** A row of the table `catalogue`; item `''` is the collection itself. */
export interface CatalogueRow {
  process: string;
  /** The user's catalogue it was published in. */
  catalogue: string;
  collection: string;
  item: string;
  document: JsonObject;
}

/** A collection and the id of the catalogue it was read from. */
export type PublishedCollection = CatalogueCollection & { catalogue: string };

/** Rows for the collections of all output directories of a run; one is made where the user gave none. */
export function catalogueRows(run: string, process: string, read: readonly PublishedCollection[], publishedAt: string): CatalogueRow[] {
  return [...Map.groupBy(read, ({ id }) => id)].flatMap(([id, parts]) => {
    const items = parts.flatMap((part) => part.items);
    const own = parts.findLast((part) => part.document)?.document;
    const freeName = createNames();
    const catalogue = parts.at(-1)?.catalogue ?? '';
    return [
      { process, catalogue, collection: id, item: '', document: own ?? generated(id, run, process, items, publishedAt) },
      ...items.map((item) => {
        const name = freeName(idOf(item));
        return { process, catalogue, collection: id, item: name, document: { ...item, id: name } };
      }),
    ];
  });
}

/** Two outputs of one run may give items of one id (an array of directories does): both are kept. */
function createNames(): (wanted: string) => string {
  const taken = new Set<string>();
  // Where the search goes on: a scatter gives the same id thousands of times.
  const next = new Map<string, number>();
  return (wanted) => {
    let number = next.get(wanted) ?? 1;
    const name = (): string => (number === 1 ? wanted : `${wanted}_${number}`);
    while (taken.has(name())) number++;
    next.set(wanted, number);
    taken.add(name());
    return name();
  };
}

function generated(id: string, run: string, process: string, items: readonly JsonObject[], publishedAt: string): JsonObject {
  return {
    type: 'Collection',
    stac_version: '1.0.0',
    id,
    title: `Result Collection for Job ${run}`,
    description: `Results of one run of ${process}`,
    license: 'proprietary',
    extent: extentOf(items, publishedAt),
    links: [],
  };
}
