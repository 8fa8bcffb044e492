import type { Json } from '@runnel/cwl';
import { ObjectNotFound, putValue, readValue, type ObjectStore } from '@runnel/objects';
import { inTransaction, query } from '@runnel/postgres';
import { crashPoint, inLanes } from '@runnel/service';
import type { IngesterParts } from '../parts.ts';
import { locationOf } from '../results/locations.ts';
import type { Publication } from '../results/plan-publication.ts';
import type { CatalogueRow } from './catalogue-rows.ts';
import { planLayout, withChild, type Layout } from './layout-documents.ts';

/** Objects written, by whether they were there before. */
export interface LayoutChange {
  added: string[];
  updated: string[];
}

const lanes = 8;
const largestCatalogue = 64 * 1024 * 1024;

/** What a run put there, so that it can be taken away: the list stands before the first file. */
const listKey = (workspace: string, run: string): string => `${workspace}/values/${run}/@layout.json`;

/**
 * Writes the catalogue of a run among the files of its workspace (contract of the EODH face, section 5.2), assets first, so that nothing names
 * what is not there. Equal ids replace what an earlier run wrote. May be repeated at any point.
 */
export async function writeLayout(
  parts: Pick<IngesterParts, 'database' | 'objects'>,
  { workspace, run }: { workspace: string; run: string },
  plan: Publication,
  rows: readonly CatalogueRow[],
): Promise<LayoutChange> {
  const paths = new Map(
    plan.directories.flatMap(({ files }) => [...files].map(([path, file]) => [locationOf(file.target), path] as const)),
  );
  const layout = planLayout(rows, (location) => paths.get(location));
  const keyOf = (path: string): string => `${workspace}/files/${path}`;
  const own = [...layout.assets, ...layout.documents].map(({ path }) => keyOf(path));
  crashPoint('ingester.layout.before-put');
  await putValue(parts.objects, listKey(workspace, run), own);
  crashPoint('ingester.layout.between-puts');
  await inLanes(layout.assets, lanes, async ({ key, path }) => {
    crashPoint('ingester.layout.before-copy');
    await parts.objects.copy(key, keyOf(path), { derived: true });
    crashPoint('ingester.layout.after-copy');
  });
  const change: LayoutChange = { added: [], updated: [] };
  await inLanes(layout.documents, lanes, ({ path, document }) => putDocument(parts.objects, keyOf(path), document, change));
  await writeCatalogues(parts, workspace, layout, keyOf, change);
  crashPoint('ingester.layout.after-put');
  return change;
}

/** Catalogues that runs share: one at a time adds to them. */
async function writeCatalogues(
  { database, objects }: Pick<IngesterParts, 'database' | 'objects'>,
  workspace: string,
  layout: Layout,
  keyOf: (path: string) => string,
  change: LayoutChange,
): Promise<void> {
  await inTransaction(database, async (tx) => {
    await query(tx, {
      name: 'lock-layout',
      text: `select pg_advisory_xact_lock(hashtextextended('layout ' || $1, 0))`,
      values: [workspace],
    });
    for (const catalogue of layout.catalogues) {
      const key = keyOf(catalogue.path);
      await putDocument(objects, key, withChild(await readDocument(objects, key), catalogue), change);
    }
  });
}

async function putDocument(objects: ObjectStore, key: string, document: Json, change: LayoutChange): Promise<void> {
  const text = JSON.stringify(document, undefined, 2);
  const present = await objects.head(key);
  crashPoint('ingester.layout.before-document');
  await objects.put(key, text, { contentType: 'application/json' });
  crashPoint('ingester.layout.after-document');
  const list = present ? change.updated : change.added;
  if (!list.includes(key)) list.push(key);
}

/** One that a user broke is made anew. */
async function readDocument(objects: ObjectStore, key: string): Promise<Json | undefined> {
  try {
    return (await readValue(objects, key, largestCatalogue)) as Json;
  } catch (error) {
    if (error instanceof ObjectNotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Deletes what a run wrote, but the catalogues that it shares with others, and what was put in its place after `written`. */
export async function removeLayout(objects: ObjectStore, workspace: string, run: string, written?: Date): Promise<void> {
  const keys = await readDocument(objects, listKey(workspace, run));
  if (!Array.isArray(keys)) return;
  await inLanes(
    keys.filter((key) => typeof key === 'string'),
    lanes,
    async (key) => {
      const info = await objects.head(key);
      if (info && (written === undefined || info.modifiedAt <= written)) await objects.delete(key);
    },
  );
}
