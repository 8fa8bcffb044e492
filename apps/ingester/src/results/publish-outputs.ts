import { ResultsPublished, ResultsRefused, type DataOf, type RunOutputsReady } from '@runnel/contracts';
import type { Json, JsonObject } from '@runnel/cwl';
import { resolveValue } from '@runnel/engine';
import { outboxRows, outgoing, type Outgoing } from '@runnel/messaging';
import { documentKey, ObjectNotFound, ObjectTooLarge, putValue, readValue } from '@runnel/objects';
import { inTransaction, insertOutbox } from '@runnel/postgres';
import { atMost, crashPoint } from '@runnel/service';
import { objectsIn } from '../objects/touch-objects.ts';
import type { IngesterParts } from '../parts.ts';
import { catalogueRows, type CatalogueRow } from '../stac/catalogue-rows.ts';
import { catalogueFile, readCatalogue, type ReadCatalogue } from '../stac/read-catalogue.ts';
import { writeLayout } from '../stac/write-layout.ts';
import { catalogueMessage } from './catalogue-message.ts';
import { checkSources } from './check-sources.ts';
import { copyFiles } from './copy-files.ts';
import { fillListings } from './fill-listings.ts';
import type { LastActEnd } from './last-act.ts';
import { OutputsRefused } from './outputs-refused.ts';
import { planPublication, type PlannedFile, type Publication } from './plan-publication.ts';
import { removeCopies, removeResults } from './remove-results.ts';
import { findRunFacts, readInputs, type RunFacts } from './run-facts.ts';
import { writeStageOutLog } from './stage-out-log.ts';
import { rowOutputs } from './write-results.ts';

type Request = DataOf<typeof RunOutputsReady>;
export type PublishingEnd = LastActEnd | 'refused';

/** Bytes of one stored value, of one STAC document. */
const largestValue = 256 * 1024 * 1024;
const largestDocument = 10 * 1024 * 1024;
/** Runs at a time: their outputs hold files, or values that are objects, and each may be large. */
const inTurn = atMost(8);

/**
 * Publishes the outputs of a run: copies its files, writes the result document and the catalogue, and answers `results.published`, or
 * `results.refused` with the reason. May be repeated at any point. Rejects where the store or the database is away.
 */
export async function publishOutputs(parts: IngesterParts, request: Request): Promise<PublishingEnd> {
  const { run } = request;
  const facts = await findRunFacts(parts.database, run);
  if (facts?.executing !== request.workspace) return 'ignored';
  const { workspace } = facts;
  if (facts.phase === 'dismissed' || facts.phase === 'failed') {
    await removeResults(parts, workspace, run);
    return 'removed';
  }
  if (facts.phase !== 'publishing') return 'ignored';
  // The answer may have been lost: the reconciler asks again.
  if (facts.published) return answer(parts, publishedMessage(request, workspace));
  try {
    // no crash point: a function of ours, which has them
    return await inTurn(() => publish(parts, request, facts));
  } catch (error) {
    if (!(error instanceof OutputsRefused)) throw error;
    parts.logger.info({ run, reason: error.message }, 'outputs refused');
    await removeCopies(parts, workspace, run);
    if (facts.catalogue) await writeStageOutLog(parts.objects, request.workspace, run, [`refused: ${error.message}`]);
    return answer(parts, outgoing(ResultsRefused, { workspace: request.workspace, run, reason: error.message.slice(0, 4000) }));
  }
}

async function publish(parts: IngesterParts, request: Request, claim: Pick<RunFacts, 'workspace' | 'catalogue'>): Promise<PublishingEnd> {
  const { run, process } = request;
  const { workspace } = claim;
  const publishedAt = new Date().toISOString();
  const outputs = await sourceOutputs(parts, request);
  const plan = planPublication(workspace, run, outputs);
  const catalogues = await readCatalogues(parts, run, plan);
  if (claim.catalogue && catalogues.length === 0) refuseWithoutCatalogue(outputs, plan);
  await copyFiles(parts.objects, plan.files);
  const document = {
    outputs: plan.outputs,
    ...(catalogues.length > 0
      ? { stac: catalogues.map(({ output, id, collections }) => ({ output, catalogue: id, collections: collections.map((c) => c.id) })) }
      : {}),
  };
  const row = await rowOutputs(parts.objects, workspace, run, plan.outputs);
  crashPoint('ingester.document.before-put');
  await putValue(parts.objects, documentKey(workspace, run), document);
  crashPoint('ingester.document.after-put');
  const published = catalogues.flatMap(({ id, collections }) => collections.map((collection) => ({ ...collection, catalogue: id })));
  const catalogue = catalogueRows(run, process.id, published, publishedAt);
  const change = claim.catalogue ? await writeLayout(parts, { workspace, run }, plan, catalogue) : { added: [], updated: [] };
  if (claim.catalogue) await writeStageOutLog(parts.objects, request.workspace, run, storyOf(plan, catalogue));
  const messages = [
    publishedMessage(request, workspace),
    ...(claim.catalogue && catalogue.length > 0 ? [catalogueMessage(parts, { workspace, run }, change)] : []),
  ];
  const objects = objectsIn(request.workspace, outputs);
  const end = await parts.lastAct({ run, workspace, outputs: row, catalogue, objects, publishedAt, messages });
  if (end === 'removed') await removeResults(parts, workspace, run);
  if (end !== 'published') return end;
  crashPoint('ingester.publish.after-commit');
  parts.relay.kick();
  return end;
}

/** Clients of the EODH face read results as STAC: a directory without it is a fault of the workflow, which is better told than hidden. */
function refuseWithoutCatalogue(outputs: JsonObject, { directories }: Publication): void {
  const [directory] = directories;
  if (directory) throw new OutputsRefused(`output ${directory.output} has no ${catalogueFile}: a STAC catalogue is expected there`);
  if (Object.keys(outputs).length === 0)
    throw new OutputsRefused(`the workflow has no outputs: a directory with a ${catalogueFile} is expected`);
}

function storyOf(plan: Publication, catalogue: readonly CatalogueRow[]): string[] {
  const items = catalogue.filter(({ item }) => item !== '');
  return [
    `published ${plan.files.length} files of ${Object.keys(plan.outputs).length} outputs`,
    ...catalogue.filter(({ item }) => item === '').map(({ catalogue: id, collection }) => `catalogue ${id}, collection ${collection}`),
    ...items.slice(0, 1000).map(({ item }) => `item ${item}`),
  ];
}

async function answer(parts: IngesterParts, message: Outgoing): Promise<PublishingEnd> {
  await inTransaction(parts.database, (tx) => insertOutbox(tx, outboxRows(parts.messaging, [message])));
  crashPoint('ingester.answer.after-commit');
  parts.relay.kick();
  return message.contract === ResultsPublished ? 'published' : 'refused';
}

function publishedMessage({ workspace: executing, run }: Request, workspace: string): Outgoing {
  return outgoing(ResultsPublished, { workspace: executing, run, document: documentKey(workspace, run) });
}

/** The outputs with all stored values in place, all directories listed, and every file one that this run may publish. */
async function sourceOutputs(parts: IngesterParts, { workspace, run, process, outputs }: Request): Promise<JsonObject> {
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
  await checkSources(resolved, {
    workspace,
    owner: process.workspace,
    inputs: async () => resolveValue(await readInputs(parts.database, run), read),
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
