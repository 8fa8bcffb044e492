import { ResultsPublished, ResultsRefused, type DataOf, type RunOutputsReady } from '@runnel/contracts';
import type { Json, JsonObject } from '@runnel/cwl';
import { resolveValue } from '@runnel/engine';
import { outboxRows, outgoing, type Outgoing } from '@runnel/messaging';
import { ObjectNotFound, ObjectTooLarge, putValue, readValue } from '@runnel/objects';
import { inTransaction, insertOutbox, type Transaction } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import { objectsIn, touchObjects } from '../objects/touch-objects.ts';
import type { IngesterParts } from '../parts.ts';
import { catalogueRows, type CatalogueRow } from '../stac/catalogue-rows.ts';
import { catalogueFile, readCatalogue, type ReadCatalogue } from '../stac/read-catalogue.ts';
import { checkSources } from './check-sources.ts';
import { copyFiles } from './copy-files.ts';
import { fillListings } from './fill-listings.ts';
import { OutputsRefused } from './outputs-refused.ts';
import { documentKey, planPublication, type PlannedFile, type Publication } from './plan-publication.ts';
import { removeCopies, removeResults } from './remove-results.ts';
import { lockResults, readAcceptedInputs, readRunFacts } from './run-facts.ts';
import { resultRows, writeCatalogue, writeResults, type ResultRow } from './write-results.ts';

type Request = DataOf<typeof RunOutputsReady>;
export type PublishingEnd = 'published' | 'refused' | 'removed' | 'ignored';

/** Bytes of one stored value, of one STAC document. */
const largestValue = 256 * 1024 * 1024;
const largestDocument = 10 * 1024 * 1024;

/**
 * Publishes the outputs of a run: copies its files, writes the result document and the catalogue, and answers `results.published`, or
 * `results.refused` with the reason. May be repeated at any point. Rejects where the store or the database is away.
 */
export async function publishOutputs(parts: IngesterParts, request: Request): Promise<PublishingEnd> {
  const { run } = request;
  const facts = await inTransaction(parts.database, (tx) => readRunFacts(tx, run));
  if (facts?.workspace !== request.workspace) return 'ignored';
  if (facts.phase === 'dismissed' || facts.phase === 'failed') {
    await removeResults(parts, request.workspace, run);
    return 'removed';
  }
  if (facts.phase !== 'publishing') return 'ignored';
  // The answer may have been lost: the reconciler asks again.
  if (facts.published) return answer(parts, request, 'published');
  try {
    // no crash point: a function of ours, which has them
    return await publish(parts, request);
  } catch (error) {
    if (!(error instanceof OutputsRefused)) throw error;
    parts.logger.info({ run, reason: error.message }, 'outputs refused');
    await removeCopies(parts, request.workspace, run);
    return answer(parts, request, 'refused', error.message);
  }
}

async function publish(parts: IngesterParts, request: Request): Promise<PublishingEnd> {
  const { workspace, run, process } = request;
  const publishedAt = new Date().toISOString();
  const outputs = await sourceOutputs(parts, request);
  const plan = planPublication(workspace, run, outputs);
  const catalogues = await readCatalogues(parts, run, plan);
  await copyFiles(parts.objects, plan.files);
  const document = {
    outputs: plan.outputs,
    ...(catalogues.length > 0
      ? { stac: catalogues.map(({ output, id, collections }) => ({ output, catalogue: id, collections: collections.map((c) => c.id) })) }
      : {}),
  };
  const rows = await resultRows(parts.objects, workspace, run, plan.outputs);
  crashPoint('ingester.document.before-put');
  await putValue(parts.objects, documentKey(workspace, run), document);
  crashPoint('ingester.document.after-put');
  const catalogue = catalogueRows(
    run,
    process.id,
    catalogues.flatMap(({ collections }) => collections),
    publishedAt,
  );
  return lastAct(parts, request, { rows, catalogue, outputs, publishedAt });
}

/** Everything becomes visible together, unless the run has ended otherwise meanwhile. */
async function lastAct(
  parts: IngesterParts,
  request: Request,
  made: { rows: ResultRow[]; catalogue: CatalogueRow[]; outputs: JsonObject; publishedAt: string },
): Promise<PublishingEnd> {
  const { workspace, run } = request;
  const end = await inTransaction(parts.database, async (tx): Promise<PublishingEnd> => {
    // What needs no answer of the statement before travels with it; each sees what was committed when its turn comes.
    const [, facts] = await Promise.all([lockResults(tx, run), readRunFacts(tx, run)]);
    // Another copy of the same message was faster: these are its results.
    if (facts?.phase === 'successful') return 'ignored';
    if (facts?.phase !== 'publishing') return 'removed';
    await Promise.all([
      writeResults(tx, workspace, run, made.rows, made.publishedAt),
      writeCatalogue(tx, workspace, run, made.catalogue, made.publishedAt),
      touchObjects(tx, objectsIn(workspace, made.outputs), new Date(made.publishedAt)),
      tell(parts, tx, publishedMessage(request)),
    ]);
    crashPoint('ingester.publish.before-commit');
    return 'published';
  });
  if (end === 'removed') await removeResults(parts, workspace, run);
  if (end !== 'published') return end;
  crashPoint('ingester.publish.after-commit');
  parts.relay.kick();
  return end;
}

async function answer(parts: IngesterParts, request: Request, end: 'published' | 'refused', reason = ''): Promise<PublishingEnd> {
  const { workspace, run } = request;
  const message =
    end === 'published' ? publishedMessage(request) : outgoing(ResultsRefused, { workspace, run, reason: reason.slice(0, 4000) });
  await inTransaction(parts.database, (tx) => tell(parts, tx, message));
  crashPoint('ingester.answer.after-commit');
  parts.relay.kick();
  return end;
}

function publishedMessage({ workspace, run }: Request): Outgoing {
  return outgoing(ResultsPublished, { workspace, run, document: documentKey(workspace, run) });
}

async function tell(parts: IngesterParts, tx: Transaction, message: Outgoing): Promise<void> {
  await insertOutbox(tx, outboxRows(parts.messaging, [message]));
}

/** The outputs with all stored values in place, all directories listed, and every file one that this run may publish. */
async function sourceOutputs(parts: IngesterParts, { workspace, run, outputs }: Request): Promise<JsonObject> {
  const read = async (key: string): Promise<Json> => {
    if (!key.startsWith(`${workspace}/values/${run}/`))
      throw new OutputsRefused(`an output refers to a value that is not this run's: ${key}`);
    try {
      return (await readValue(parts.objects, key, largestValue)) as Json;
    } catch (error) {
      if (error instanceof ObjectNotFound || error instanceof ObjectTooLarge)
        throw new OutputsRefused(`a stored output cannot be read: ${error.message}`);
      throw error;
    }
  };
  // A copy: what is listed below is written into it.
  const resolved = structuredClone(await resolveValue(outputs, read)) as JsonObject;
  await checkSources(resolved, workspace, async () => {
    const inputs = await inTransaction(parts.database, (tx) => readAcceptedInputs(tx, run));
    return resolveValue(inputs, read);
  });
  await fillListings(resolved, parts.objects);
  return resolved;
}

async function readCatalogues(parts: IngesterParts, run: string, plan: Publication): Promise<(ReadCatalogue & { output: string })[]> {
  const found: (ReadCatalogue & { output: string })[] = [];
  for (const directory of plan.directories.filter(({ files }) => files.has(catalogueFile))) {
    found.push({ output: directory.output, ...(await readCatalogue(run, directory, (file) => textOf(parts, file))) });
  }
  return found;
}

async function textOf({ objects }: IngesterParts, { source, output, name }: PlannedFile): Promise<string> {
  if ('contents' in source) return source.contents;
  try {
    return (await objects.getBytes(source.key, largestDocument)).toString('utf8');
  } catch (error) {
    if (error instanceof ObjectNotFound || error instanceof ObjectTooLarge) {
      throw new OutputsRefused(`output ${output}: ${name} cannot be read: ${error.message}`);
    }
    throw error;
  }
}
