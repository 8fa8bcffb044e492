import type { JsonObject } from '@runnel/cwl';
import type { Database } from '@runnel/postgres';

type Pool = Pick<Database, 'pool'>;

/** A STAC document that was harvested; item `''` is the collection itself. Where two files give the same, the newer one. */
export interface HarvestedRow {
  readonly collection: string;
  readonly item: string;
  readonly document: JsonObject;
}

const newest = `select distinct on (collection, item) collection, item, document from harvested_documents`;
const order = 'order by collection, item, updated_at desc, repository, branch, path';

/** Ids of all collections that there are documents of, after an id. */
export async function harvestedCollections({ pool }: Pool, workspace: string, after: string, limit: number): Promise<string[]> {
  const { rows } = await pool.query<{ collection: string }>({
    name: 'harvested-collections',
    text: 'select distinct collection from harvested_documents where workspace = $1 and collection > $2 order by 1 limit $3',
    values: [workspace, after, limit],
  });
  return rows.map(({ collection }) => collection);
}

/** Of each of these collections the document, where there is one. */
export async function collectionDocuments({ pool }: Pool, workspace: string, ids: readonly string[]): Promise<Map<string, JsonObject>> {
  const { rows } = await pool.query<HarvestedRow>({
    name: 'harvested-collection-documents',
    text: `${newest} where workspace = $1 and collection = any($2) and item = '' ${order}`,
    values: [workspace, ids],
  });
  return new Map(rows.map(({ collection, document }) => [collection, document]));
}

export async function harvestedItem(
  { pool }: Pool,
  workspace: string,
  collection: string,
  item: string,
): Promise<HarvestedRow | undefined> {
  const { rows } = await pool.query<HarvestedRow>({
    name: 'harvested-item',
    text: `${newest} where workspace = $1 and collection = $2 and item = $3 and item <> '' ${order}`,
    values: [workspace, collection, item],
  });
  return rows[0];
}

/** Items of a collection after an id, in the order of their ids. */
export async function harvestedItems(
  { pool }: Pool,
  workspace: string,
  collection: string,
  after: string,
  limit: number,
): Promise<HarvestedRow[]> {
  const { rows } = await pool.query<HarvestedRow>({
    name: 'harvested-items',
    text: `${newest} where workspace = $1 and collection = $2 and item > $3 ${order} limit $4`,
    values: [workspace, collection, after, limit],
  });
  return rows;
}
