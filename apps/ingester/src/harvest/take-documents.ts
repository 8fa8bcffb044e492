import { byDepth, CatalogueChanged, takerOf, type DataOf, type HarvestChanged } from '@runnel/contracts';
import { resolveValue } from '@runnel/engine';
import { checkKey, InvalidKey, readValue, type ObjectStore } from '@runnel/objects';
import { outboxRows, outgoing, type Outgoing } from '@runnel/messaging';
import { inTransaction, insertOutbox, type Transaction } from '@runnel/postgres';
import { crashPoint, inLanes } from '@runnel/service';
import type { Json } from '@runnel/cwl';
import type { IngesterParts } from '../parts.ts';
import { changeRows, lockSource, lookBack, recordOutcomes, type Outcome, type RowChanges } from './document-rows.ts';
import { rootOf } from './place-of-documents.ts';
import { readHarvested } from './read-document.ts';

export type Harvest = DataOf<typeof HarvestChanged>;
export type Change = Harvest['changes'][number];

const lanes = 16;
/** Characters of a document. */
const largest = 10 * 1024 * 1024;
/** Keys in one message to pipelines; a key may have 1,024 bytes, a message 512 KiB. */
const mostKeys = 400;

/**
 * Takes the STAC documents of a change into the workspace's catalogue: those of repositories are written among its files first. News of one source
 * wait for each other; the rows of `deployments` make a second copy of the message, and older news, change nothing. Returns what came of each file.
 */
export async function takeDocuments(parts: IngesterParts, harvest: Harvest): Promise<Outcome[]> {
  const own = harvest.changes.filter(({ path }) => takerOf(path) === 'ingester');
  if (own.length === 0) return [];
  const { database, objects, relay } = parts;
  crashPoint('ingester.harvest.before-write');
  const outcomes = await inTransaction(database, async (tx) => {
    await lockSource(tx, harvest);
    const named = own.flatMap(({ path, previousPath }) => (previousPath === undefined ? [path] : [path, previousPath]));
    const seen = await lookBack(tx, harvest, named);
    const fresh = own.filter(({ path }) => seen.get(path) !== 'done');
    const plan = await judge(objects, harvest, fresh, seen);
    await writeObjects(objects, harvest, plan);
    const told = await changeRows(tx, harvest, plan);
    if (harvest.source === 'git') await removeObjects(objects, harvest, told.removed);
    await recordOutcomes(tx, harvest, plan.outcomes);
    await tell(tx, parts, harvest, told);
    return plan.outcomes;
  });
  crashPoint('ingester.harvest.after-write');
  relay.kick();
  await forgetContents(objects, own);
  return outcomes;
}

/** What is to be done, and what will have come of each file. */
async function judge(
  objects: ObjectStore,
  harvest: Harvest,
  changes: readonly Change[],
  seen: ReadonlyMap<string, 'done' | 'superseded'>,
): Promise<RowChanges> {
  const plan: RowChanges = { removed: [], written: [], outcomes: [] };
  for (const change of changes) {
    const { path, previousPath } = change;
    // By itself: whatever came of the new name since, and so that older news of the old one are known to be older.
    if (previousPath !== undefined && !seen.has(previousPath)) {
      plan.removed.push(previousPath);
      plan.outcomes.push({ path: previousPath, outcome: 'removed' });
    }
    if (seen.get(path) === 'superseded') {
      plan.outcomes.push({ path, outcome: 'superseded', reason: 'a newer commit was handled before' });
      continue;
    }
    if (change.change === 'deleted') {
      plan.removed.push(path);
      plan.outcomes.push({ path, outcome: 'removed' });
    } else {
      await judgeDocument(objects, harvest, change, plan);
    }
  }
  return plan;
}

async function judgeDocument(objects: ObjectStore, harvest: Harvest, change: Change, plan: RowChanges): Promise<void> {
  const { path } = change;
  const refuse = (reason: string): number => plan.outcomes.push({ path, outcome: 'refused', reason: reason.slice(0, 4000) });
  if (change.refused !== undefined) return void refuse(change.refused);
  const root = rootOf(harvest);
  const fault = faultOfKey(root + path);
  if (fault !== undefined) return void refuse(fault);
  const text = await resolveValue(change.content ?? '', async (key) => (await readValue(objects, key, largest)) as Json);
  if (typeof text !== 'string') return void refuse('its content is not text');
  const read = readHarvested(text, path, root);
  if (read.kind !== 'document') return void plan.outcomes.push({ path, outcome: read.kind, reason: read.reason.slice(0, 4000) });
  plan.written.push({ path, text, ...read.found });
  plan.outcomes.push({ path, outcome: 'catalogued' });
}

function faultOfKey(key: string): string | undefined {
  try {
    checkKey(key);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidKey) return error.message;
    throw error;
  }
}

async function writeObjects(objects: ObjectStore, harvest: Harvest, { written }: RowChanges): Promise<void> {
  if (harvest.source !== 'git') return;
  const root = rootOf(harvest);
  await inLanes(written, lanes, async ({ path, text }) => {
    crashPoint('ingester.harvest.before-put');
    // Git has it: what a power failure takes is told of again, by the transaction that did not end.
    await objects.put(root + path, text, { contentType: 'application/json' });
    crashPoint('ingester.harvest.after-put');
  });
}

async function removeObjects(objects: ObjectStore, harvest: Harvest, paths: readonly string[]): Promise<void> {
  const root = rootOf(harvest);
  await inLanes(paths, lanes, (path) => objects.delete(root + path));
}

async function forgetContents(objects: ObjectStore, changes: readonly Change[]): Promise<void> {
  for (const { content } of changes)
    if (typeof content === 'object' && content !== null && '$stored' in content)
      await objects.delete((content.$stored as { key: string }).key);
}

type Told = Record<'added' | 'updated' | 'removed', string[]>;

/** Tells pipelines and triggers which documents changed (contract of the EODH face, section 3.1). */
async function tell(tx: Transaction, parts: IngesterParts, harvest: Harvest, told: Told): Promise<void> {
  const root = rootOf(harvest);
  const keys = (['added', 'updated', 'removed'] as const).flatMap((kind) =>
    byDepth(told[kind].map((path) => root + path)).map((key) => [kind, key] as const),
  );
  const messages: Outgoing[] = [];
  for (let at = 0; at < keys.length; at += mostKeys) {
    const part = keys.slice(at, at + mostKeys);
    const of = (kind: keyof Told): string[] => part.flatMap(([one, key]) => (one === kind ? [key] : []));
    const { workspace, repository, branch, source } = harvest;
    const data = {
      id: source === 'git' ? `harvester/git/${workspace}` : `harvester/workspace_file_harvester/${workspace}`,
      ...{ workspace, repository: source === 'git' ? repository : '', branch },
      ...{ bucket_name: parts.bucket, source: root, target: `user/catalogs/${workspace}/catalogs/` },
      ...{ added_keys: of('added'), updated_keys: of('updated'), deleted_keys: of('removed') },
    };
    messages.push(outgoing(CatalogueChanged, data));
  }
  await insertOutbox(tx, outboxRows(parts.messaging, messages));
}
