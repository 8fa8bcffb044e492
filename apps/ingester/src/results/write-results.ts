import type { JsonObject } from '@runnel/cwl';
import { stored } from '@runnel/engine';
import { putValue, type ObjectStore } from '@runnel/objects';
import { largestValueBytes, query, resultWrites, type ResultRow, type Transaction } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import type { CatalogueRow } from '../stac/catalogue-rows.ts';

/** Outputs as their row holds them: values above 256 KiB become references to objects. */
export async function rowOutputs(objects: ObjectStore, workspace: string, run: string, outputs: JsonObject): Promise<JsonObject> {
  const row: JsonObject = {};
  for (const [output, value] of Object.entries(outputs)) {
    if (Buffer.byteLength(JSON.stringify(value)) <= largestValueBytes) row[output] = value;
    else {
      const key = `${workspace}/values/${run}/results/${output}.json`;
      crashPoint('ingester.value.before-put');
      await putValue(objects, key, value);
      crashPoint('ingester.value.after-put');
      row[output] = stored({ key, ...(Array.isArray(value) ? { length: value.length } : {}) });
    }
  }
  return row;
}

export async function writeResults(tx: Transaction, rows: readonly ResultRow[]): Promise<void> {
  for (const write of resultWrites(rows)) await query(tx, write);
}

/** Documents in one statement. */
const statementRows = 1000;

/** Natural keys: the newest is written, as a re-run with the same ids does. */
export async function writeCatalogue(
  tx: Transaction,
  {
    run,
    workspace,
    catalogue,
    publishedAt,
  }: Pick<ResultRow, 'run' | 'workspace' | 'publishedAt'> & { readonly catalogue: readonly CatalogueRow[] },
): Promise<void> {
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
