import type { JsonObject } from '@runnel/cwl';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import { json } from '../ogc/base.ts';
import { workspaceIn } from './base.ts';
import { collectionDocuments, harvestedCollections, harvestedItem, harvestedItems } from './harvested-rows.ts';
import type { HarvestedRow } from './harvested-rows.ts';
import { itemQuery, nothingHere, placeOf } from './stac.ts';
import { geojson, harvestedAddress, shown } from './stac-documents.ts';
import type { Place } from './stac-documents.ts';

/** Page of the collections that were harvested. */
export async function answerHarvestedCollections(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const query = itemQuery.parse(request.query);
  const workspace = workspaceIn(request);
  const place = placeOf(context, request);
  const found = await harvestedCollections(context.database, workspace, query.after, query.limit + 1);
  const ids = found.slice(0, query.limit);
  const documents = await collectionDocuments(context.database, workspace, ids);
  const collections = ids.map((id) => collectionView(id, documents.get(id), place));
  await reply
    .type(json)
    .send(JSON.stringify({ collections, links: pageLinks(`${place.base}/collections`, query.limit, found, ids.at(-1), json) }));
}

export async function answerHarvestedCollection(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const id = await collectionIn(context, request);
  const documents = await collectionDocuments(context.database, workspaceIn(request), [id]);
  await reply.type(json).send(JSON.stringify(collectionView(id, documents.get(id), placeOf(context, request))));
}

/** A page of items as a FeatureCollection. */
export async function answerHarvestedItems(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const query = itemQuery.parse(request.query);
  const id = await collectionIn(context, request);
  const place = placeOf(context, request);
  const found = await harvestedItems(context.database, workspaceIn(request), id, query.after, query.limit + 1);
  const page = found.slice(0, query.limit);
  const features = page.map((row) => harvestedItemDocument(row, place));
  const links = pageLinks(`${harvestedAddress(place, id)}/items`, query.limit, found, page.at(-1)?.item, geojson);
  const document = { type: 'FeatureCollection', features, links, numberReturned: features.length };
  await reply.type(geojson).send(Buffer.from(JSON.stringify(document)));
}

export async function answerHarvestedItem(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { collection = '', item = '' } = request.params as { collection?: string; item?: string };
  const row = await harvestedItem(context.database, workspaceIn(request), collection, item);
  if (!row) throw nothingHere();
  await reply.type(geojson).send(Buffer.from(JSON.stringify(harvestedItemDocument(row, placeOf(context, request)))));
}

async function collectionIn({ database }: ApiContext, request: FastifyRequest): Promise<string> {
  const { collection = '' } = request.params as { collection?: string };
  const { rowCount } = await database.pool.query({
    name: 'is-harvested-collection',
    text: 'select from harvested_documents where workspace = $1 and collection = $2 limit 1',
    values: [workspaceIn(request), collection],
  });
  if (rowCount === 0) throw nothingHere();
  return collection;
}

function collectionView(id: string, document: JsonObject | undefined, place: Place): JsonObject {
  const self = harvestedAddress(place, id);
  return shown(document ?? generated(id), place.origin, [
    { rel: 'self', href: self, type: json },
    { rel: 'root', href: place.base, type: json },
    { rel: 'parent', href: place.base, type: json },
    { rel: 'items', href: `${self}/items`, type: geojson },
  ]);
}

export function harvestedItemDocument({ collection, item, document }: HarvestedRow, place: Place): JsonObject {
  const parent = harvestedAddress(place, collection);
  return shown(document, place.origin, [
    { rel: 'self', href: harvestedAddress(place, collection, item), type: geojson },
    { rel: 'root', href: place.base, type: json },
    { rel: 'parent', href: parent, type: json },
    { rel: 'collection', href: parent, type: json },
  ]);
}

/** Of a collection that only items name. */
const generated = (id: string): JsonObject => ({
  type: 'Collection',
  stac_version: '1.0.0',
  id,
  description: `Harvested items of collection ${id}`,
  license: 'other',
  extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[null, null]] } },
  links: [],
});

function pageLinks(self: string, size: number, found: readonly unknown[], last: string | undefined, type: string): JsonObject[] {
  const next = `${self}?limit=${size}&after=${encodeURIComponent(last ?? '')}`;
  return [{ rel: 'self', href: self, type }, ...(found.length > size ? [{ rel: 'next', href: next, type }] : [])];
}
