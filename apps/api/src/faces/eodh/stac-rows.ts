import type { JsonObject } from '@runnel/cwl';
import type { Database } from '@runnel/postgres';

/** A document of the catalogue of published results; item `''` is the collection itself. */
export interface StacRow {
  readonly process: string;
  readonly catalogue: string;
  readonly collection: string;
  readonly item: string;
  readonly document: JsonObject;
  /** That published it last. */
  readonly run: string | null;
}

type Pool = Pick<Database, 'pool'>;

// Rows of the release before name neither; it published under the process's id.
const columns = `coalesce(process, 'results') as process, coalesce(catalogue, 'catalogue') as catalogue, collection, item, document,
  run_id as run`;

/** A collection by its id. */
export async function findCollection({ pool }: Pool, workspace: string, collection: string): Promise<StacRow | undefined> {
  const { rows } = await pool.query<StacRow>({
    name: 'find-collection',
    text: `select ${columns} from catalogue where workspace = $1 and collection = $2 and item = '' and visible`,
    values: [workspace, collection],
  });
  return rows[0];
}

export async function findItem({ pool }: Pool, workspace: string, collection: string, item: string): Promise<StacRow | undefined> {
  const { rows } = await pool.query<StacRow>({
    name: 'find-item',
    text: `select ${columns} from catalogue where workspace = $1 and collection = $2 and item = $3 and item <> '' and visible`,
    values: [workspace, collection, item],
  });
  return rows[0];
}

/** Items of a collection after an id, in the order of their ids. */
export async function listItems({ pool }: Pool, workspace: string, collection: string, after: string, limit: number): Promise<StacRow[]> {
  const { rows } = await pool.query<StacRow>({
    name: 'list-items',
    text: `
select ${columns} from catalogue
where workspace = $1 and collection = $2 and item > $3 and visible order by item limit $4`,
    values: [workspace, collection, after, limit],
  });
  return rows;
}

/** Ids of a collection's items alone: there may be many, and they are large. */
export async function itemIds({ pool }: Pool, workspace: string, collection: string, limit: number): Promise<string[]> {
  const { rows } = await pool.query<{ item: string }>({
    name: 'item-ids',
    text: `select item from catalogue where workspace = $1 and collection = $2 and item > '' and visible order by item limit $3`,
    values: [workspace, collection, limit],
  });
  return rows.map(({ item }) => item);
}

/** What stands directly below a place: processes, their catalogues, or the collections of one. */
export async function childIds({ pool }: Pool, workspace: string, process?: string, catalogue?: string): Promise<string[]> {
  const level = process === undefined ? 'process' : catalogue === undefined ? 'catalogue' : 'collection';
  const { rows } = await pool.query<{ id: string }>({
    name: `child-ids-${level}`,
    text: `
select distinct ${level} as id from (select ${columns} from catalogue where workspace = $1 and item = '' and visible) documents
where ($2::text is null or process = $2) and ($3::text is null or catalogue = $3) order by 1 limit 10000`,
    values: [workspace, process ?? null, catalogue ?? null],
  });
  return rows.map(({ id }) => id);
}
