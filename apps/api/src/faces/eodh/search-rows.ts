import type { Database } from '@runnel/postgres';
import type { Interval } from '../ogc/datetime.ts';
import type { StacRow } from './stac-rows.ts';

/** West, south, east, north. West is greater than east where a box crosses the antimeridian. */
export type Box = readonly [number, number, number, number];

/** An item that was found: published by a run, or harvested, which belongs to no process. */
export interface FoundItem extends Omit<StacRow, 'process' | 'catalogue'> {
  readonly process: string | null;
  readonly catalogue: string | null;
}

/** Place of an item in what is found. */
export type ItemPosition = readonly [collection: string, item: string, harvested: boolean];

export interface ItemFilter {
  readonly workspace: string;
  /** Where in the catalogue; with none of both also what was harvested. */
  readonly process?: string | undefined;
  readonly catalogue?: string | undefined;
  readonly harvested: boolean;
  readonly collections?: readonly string[] | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly box?: Box | undefined;
  readonly datetime?: Interval | undefined;
  readonly after?: ItemPosition | undefined;
  readonly limit: number;
}

/*
 * Boxes of items have four numbers or six, and may cross the antimeridian too; an item whose box is something else is in no box. So with times: what
 * PostgreSQL cannot read is at no time.
 */
const overlaps = (east: number, north: number): string =>
  `(@[1] <= $n && @[${north}] >= $s && ((@[0] <= @[${east}] && @[0] <= $e && @[${east}] >= $w) ||
    (@[0] > @[${east}] && (@[0] <= $e || @[${east}] >= $w))))`;
const inBox = `strict $ ? ((@.size() == 4 && ${overlaps(2, 3)}) || (@.size() == 6 && ${overlaps(3, 4)}))`;
const instant = (end: string): string => `
  case when pg_input_is_valid(coalesce(document #>> '{properties,${end}_datetime}', document #>> '{properties,datetime}'), 'timestamptz')
    then coalesce(document #>> '{properties,${end}_datetime}', document #>> '{properties,datetime}')::timestamptz end`;

/** Items that a filter lets through, in the order of their collections and ids. */
export async function searchItems({ pool }: Pick<Database, 'pool'>, filter: ItemFilter): Promise<FoundItem[]> {
  const { workspace, process, catalogue, harvested, collections, ids, box, datetime, after, limit } = filter;
  const { rows } = await pool.query<FoundItem>({
    name: 'search-items',
    text: `
select process, catalogue, collection, item, document, run from (
  select coalesce(process, 'results') as process, coalesce(catalogue, 'catalogue') as catalogue, collection, item, document, run_id as run,
    false as harvested
  from catalogue where workspace = $1 and item <> '' and visible
  union all
  select * from (
    select distinct on (collection, item) null, null, collection, item, document, null::uuid, true from harvested_documents
    where $2 and workspace = $1 and item <> '' order by collection, item, updated_at desc, repository, branch, path
  ) newest
) items
where ($3::text is null or process = $3) and ($4::text is null or catalogue = $4)
  and ($5::text[] is null or collection = any($5)) and ($6::text[] is null or item = any($6))
  and ($7::jsonb[] is null or exists (select from unnest($7::jsonb[]) box where jsonb_path_exists((document -> 'bbox')::jsonb, '${inBox}', box, true)))
  and ($8::timestamptz is null or ${instant('end')} >= $8) and ($9::timestamptz is null or ${instant('start')} <= $9)
  and ($10::text is null or (collection, item, harvested) > ($10, $11, $12::boolean))
order by collection, item, harvested limit $13`,
    values: [
      workspace,
      harvested,
      process ?? null,
      catalogue ?? null,
      collections ?? null,
      ids ?? null,
      box ? boxesOf(box).map(([w, s, e, n]) => JSON.stringify({ w, s, e, n })) : null,
      datetime?.from ?? null,
      datetime?.to ?? null,
      ...(after ?? [null, null, null]),
      limit,
    ],
  });
  return rows;
}

/** Two where it crosses the antimeridian. */
function boxesOf([west, south, east, north]: Box): Box[] {
  if (west <= east) return [[west, south, east, north]];
  return [
    [west, south, 180, north],
    [-180, south, east, north],
  ];
}
