import type { Json, JsonObject } from '@runnel/cwl';
import { stored } from '@runnel/engine';
import { putValue, type ObjectStore } from '@runnel/objects';
import { largestValueBytes, query, type Transaction } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import type { CatalogueRow } from '../stac/catalogue-rows.ts';

/** A row of the table `results`. */
export interface ResultRow {
  output: string;
  value: Json;
}

/** Values as their rows hold them: those above 256 KiB become references to objects. */
export async function resultRows(objects: ObjectStore, workspace: string, run: string, outputs: JsonObject): Promise<ResultRow[]> {
  const rows: ResultRow[] = [];
  for (const [output, value] of Object.entries(outputs)) {
    if (Buffer.byteLength(JSON.stringify(value)) <= largestValueBytes) rows.push({ output, value });
    else {
      const key = `${workspace}/values/${run}/results/${output}.json`;
      crashPoint('ingester.value.before-put');
      await putValue(objects, key, value);
      crashPoint('ingester.value.after-put');
      rows.push({ output, value: stored({ key, ...(Array.isArray(value) ? { length: value.length } : {}) }) });
    }
  }
  return rows;
}

/** What of a run becomes visible in these tables. */
interface Visible {
  run: string;
  workspace: string;
  rows: readonly ResultRow[];
  catalogue: readonly CatalogueRow[];
  publishedAt: string;
}

/** Natural keys: a repetition changes nothing (results) or writes the newest (catalogue, as a re-run with the same ids does). */
export async function writeResults(
  tx: Transaction,
  runs: readonly Pick<Visible, 'run' | 'workspace' | 'rows' | 'publishedAt'>[],
): Promise<void> {
  const all = runs.flatMap(({ rows, ...about }) => rows.map((row) => ({ ...about, ...row })));
  if (all.length === 0) return;
  await query(tx, {
    name: 'insert-results',
    text: `
insert into results (run_id, output, workspace, value, published_at)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::json[], $5::timestamptz[])
on conflict (run_id, output) do nothing`,
    values: [
      all.map(({ run }) => run),
      all.map(({ output }) => output),
      all.map(({ workspace }) => workspace),
      all.map(({ value }) => JSON.stringify(value)),
      all.map(({ publishedAt }) => publishedAt),
    ],
  });
}

/** Documents in one statement. */
const statementRows = 1000;

export async function writeCatalogue(tx: Transaction, { run, workspace, catalogue, publishedAt }: Visible): Promise<void> {
  for (let from = 0; from < catalogue.length; from += statementRows) {
    const part = catalogue.slice(from, from + statementRows);
    await query(tx, {
      name: 'write-catalogue',
      text: `
insert into catalogue (workspace, collection, item, run_id, document, visible, updated_at, process, catalogue)
select $1, c.collection, c.item, $2, c.document, true, $3, c.process, c.catalogue
from unnest($4::text[], $5::text[], $6::json[], $7::text[], $8::text[]) as c (collection, item, document, process, catalogue)
on conflict (workspace, collection, item)
do update set run_id = excluded.run_id, process = excluded.process, catalogue = excluded.catalogue, document = excluded.document, visible = true, updated_at = excluded.updated_at`,
      values: [
        workspace,
        run,
        publishedAt,
        part.map(({ collection }) => collection),
        part.map(({ item }) => item),
        part.map(({ document }) => JSON.stringify(document)),
        part.map(({ process }) => process),
        part.map(({ catalogue }) => catalogue),
      ],
    });
  }
}
