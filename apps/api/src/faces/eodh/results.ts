import type { Json, JsonObject } from '@runnel/cwl';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import { originOf } from '../../http/origin.ts';
import type { RunRow } from '../../runs/run-row.ts';
import { readOutputs, readResultDocument, toLinks } from '../../runs/read-results.ts';
import { json } from '../ogc/base.ts';
import { eodhBase, workspaceIn } from './base.ts';
import { jobOf } from './jobs.ts';
import { noResults, notReady } from './problems.ts';
import { collectionDocument, geojson, isObject, itemDocument } from './stac-documents.ts';
import type { Place } from './stac-documents.ts';
import { findCollection, findItem, itemIds } from './stac-rows.ts';

/** Items that a collection links to. */
const mostItems = 10_000;

/** GET /jobs/{id}/results: a STAC Collection, the first one that the run published (contract of the EODH face, section 1.8). */
export async function answerResults(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const run = await endedJobOf(context, request);
  const place = placeOf(context, request, run);
  const id = await firstCollection(context, run);
  const row = id === undefined ? undefined : await findCollection(context.database, run.workspace, id);
  // Whose service it was sees this run's results, and not the catalogue they are part of.
  const reader = workspaceIn(request);
  const below = reader === run.workspace ? undefined : `${eodhBase(request, context.config.publicUrl)}/jobs/${run.id}/results`;
  const document = row
    ? collectionDocument(row, await itemIds(context.database, run.workspace, row.collection, mostItems), place, below)
    : await plainResults(context, run, place);
  await reply.type(json).send(JSON.stringify(document));
}

/** GET /jobs/{id}/results/items/{item}. */
export async function answerResultItem(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { item } = request.params as { item: string };
  const run = await endedJobOf(context, request);
  const id = await firstCollection(context, run);
  const row = id === undefined ? undefined : await findItem(context.database, run.workspace, id, item);
  if (row?.run !== run.id) throw new Problem({ status: 404, title: 'Not found', detail: `the results have no item "${item}"` });
  await reply.type(geojson).send(Buffer.from(JSON.stringify(itemDocument(row, placeOf(context, request, run)))));
}

/** Documents of its catalogue stand under the base of whose run it is. */
function placeOf({ config }: ApiContext, request: FastifyRequest, run: RunRow): Place {
  return { base: eodhBase(request, config.publicUrl, run.workspace), origin: originOf(request, config.publicUrl) };
}

async function endedJobOf(context: ApiContext, request: FastifyRequest): Promise<RunRow> {
  const run = await jobOf(context, request);
  if (run.phase === 'failed') throw noResults(run.message);
  if (run.phase === 'dismissed') throw notReady('The job was dismissed: it has no results.');
  if (run.phase !== 'successful') throw notReady('The job is still running.');
  return run;
}

async function firstCollection(context: ApiContext, run: RunRow): Promise<string | undefined> {
  const document = await readResultDocument(context, run);
  return document?.stac?.flatMap(({ collections }) => collections)[0];
}

/** What a run without a catalogue made: its files as assets, its other values beside them. */
async function plainResults(context: ApiContext, run: RunRow, { base, origin }: Place): Promise<JsonObject> {
  const results = toLinks((await readOutputs(context, run)) ?? {}, origin) as JsonObject;
  const files = Object.entries(results).flatMap(([output, value]) => filesIn(output, value));
  const href = `${base}/jobs/${run.id}`;
  return {
    type: 'Collection',
    id: `col_${run.id}`,
    stac_version: '1.0.0',
    title: `Result Collection for Job ${run.id}`,
    description: `Results of one run of ${run.processId}`,
    license: 'proprietary',
    extent: {
      spatial: { bbox: [[-180, -90, 180, 90]] },
      temporal: { interval: [[run.createdAt.toISOString(), (run.finishedAt ?? run.updatedAt).toISOString()]] },
    },
    links: [
      { rel: 'self', href: `${href}/results`, type: json },
      { rel: 'parent', href, type: json },
    ],
    assets: Object.fromEntries(files),
    'runnel:outputs': results,
  };
}

function filesIn(name: string, value: Json): [string, JsonObject][] {
  if (Array.isArray(value)) return value.flatMap((item, index) => filesIn(`${name}_${index + 1}`, item));
  if (!isObject(value) || typeof value['href'] !== 'string') return [];
  if (Array.isArray(value['listing'])) return value['listing'].flatMap((item, index) => filesIn(`${name}_${index + 1}`, item));
  const { href, type, title } = value;
  return [[name, { href, ...(type === undefined ? {} : { type }), ...(title === undefined ? {} : { title }) }]];
}
