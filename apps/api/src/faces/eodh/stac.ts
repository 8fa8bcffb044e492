import type { JsonObject } from '@runnel/cwl';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { limit, once } from '../../http/query.ts';
import { originOf } from '../../http/origin.ts';
import { json } from '../ogc/base.ts';
import { eodhBase, workspaceIn } from './base.ts';
import { harvestedCollections } from './harvested-rows.ts';
import { catalogAddress, collectionAddress, collectionDocument, geojson, harvestedAddress, itemDocument } from './stac-documents.ts';
import type { Place } from './stac-documents.ts';
import { childIds, findCollection, findItem, itemIds, listItems } from './stac-rows.ts';
import type { StacRow } from './stac-rows.ts';

export const itemQuery = z.object({
  limit: limit(100).describe('at most so many'),
  after: once(z.string().max(1000).default('')).describe('id behind which the page begins (of a next link)'),
});

/** Items that a collection links to. */
const mostItems = 10_000;

interface Path {
  readonly process?: string;
  readonly catalogue?: string;
  readonly collection?: string;
  readonly item?: string;
}

const pathOf = (request: FastifyRequest): Path => request.params as Path;

/** The catalogue of a workspace, of all its results, of those of a process, or one catalogue that a run published. */
export async function answerCatalog({ database, config }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const workspace = workspaceIn(request);
  const { process, catalogue } = pathOf(request);
  const base = eodhBase(request, config.publicUrl);
  const root = !new URL(request.url, 'http://x').pathname.includes('/catalogs/processing-results');
  const below = root ? [] : await childIds(database, workspace, process, catalogue);
  if (process !== undefined && below.length === 0) throw nothingHere();
  const id = root ? workspace : (catalogue ?? process ?? 'processing-results');
  const harvested = root ? await harvestedCollections(database, workspace, '', mostItems) : [];
  const children = root
    ? [catalogAddress(base), ...harvested.map((collection) => harvestedAddress({ base }, collection))]
    : below.map((child) =>
        process !== undefined && catalogue !== undefined
          ? collectionAddress(base, { process, catalogue, collection: child })
          : catalogAddress(base, process ?? child, process === undefined ? undefined : child),
      );
  const self = root ? base : catalogAddress(base, process, catalogue);
  const searchable = process === undefined || catalogue !== undefined;
  const links = [
    { rel: 'self', href: self, type: json },
    { rel: 'root', href: root ? base : catalogAddress(base), type: json },
    ...(searchable ? searchLinks(self) : []),
    ...(harvested.length > 0 ? [{ rel: 'data', href: `${base}/collections`, type: json }] : []),
    ...children.map((href) => ({ rel: 'child', href, type: json })),
  ];
  const description = root ? `Catalogue of workspace ${workspace}` : `${process ?? workspace} Outputs Catalog`;
  const conforms = searchable ? { conformsTo } : {};
  await reply.type(json).send(JSON.stringify({ type: 'Catalog', stac_version: '1.0.0', id, description, ...conforms, links }));
}

/** Of the STAC API 1.0.0; clients look for these before they search. */
const conformsTo = ['https://api.stacspec.org/v1.0.0/core', 'https://api.stacspec.org/v1.0.0/item-search'];

const searchLinks = (self: string): JsonObject[] =>
  ['GET', 'POST'].map((method) => ({ rel: 'search', href: `${self}/search`, type: geojson, method }));

export async function answerCollection(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const row = await collectionOf(context, request);
  const items = await itemIds(context.database, workspaceIn(request), row.collection, mostItems);
  await reply.type(json).send(JSON.stringify(collectionDocument(row, items, placeOf(context, request))));
}

/** A page of items as a FeatureCollection. */
export async function answerItems(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const query = itemQuery.parse(request.query);
  const row = await collectionOf(context, request);
  const found = await listItems(context.database, workspaceIn(request), row.collection, query.after, query.limit + 1);
  const page = found.slice(0, query.limit);
  const place = placeOf(context, request);
  const self = `${collectionAddress(place.base, row)}/items`;
  const last = found.length > query.limit ? page.at(-1)?.item : undefined;
  const next =
    last === undefined ? [] : [{ rel: 'next', href: `${self}?limit=${query.limit}&after=${encodeURIComponent(last)}`, type: geojson }];
  const features = page.map((item) => itemDocument(item, place));
  const links = [{ rel: 'self', href: self, type: geojson }, ...next];
  await reply
    .type(geojson)
    .send(Buffer.from(JSON.stringify({ type: 'FeatureCollection', features, links, numberReturned: features.length })));
}

export async function answerItem(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { collection = '', item = '' } = pathOf(request);
  const row = await findItem(context.database, workspaceIn(request), collection, item);
  if (!row || !standsIn(row, request)) throw nothingHere();
  await reply.type(geojson).send(Buffer.from(JSON.stringify(itemDocument(row, placeOf(context, request)))));
}

async function collectionOf({ database }: ApiContext, request: FastifyRequest): Promise<StacRow> {
  const row = await findCollection(database, workspaceIn(request), pathOf(request).collection ?? '');
  if (!row || !standsIn(row, request)) throw nothingHere();
  return row;
}

const standsIn = (row: StacRow, request: FastifyRequest): boolean =>
  row.process === pathOf(request).process && row.catalogue === pathOf(request).catalogue;

export function placeOf({ config }: ApiContext, request: FastifyRequest): Place {
  return { base: eodhBase(request, config.publicUrl), origin: originOf(request, config.publicUrl) };
}

export const nothingHere = (): Problem => new Problem({ status: 404, title: 'Not found', detail: 'the catalogue has no such document' });
