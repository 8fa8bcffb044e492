import type { JsonObject } from '@runnel/cwl';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { readJson } from '../../http/body.ts';
import { cursor, cursorOf, limit, many, once } from '../../http/query.ts';
import { datetime } from '../ogc/datetime.ts';
import { workspaceIn } from './base.ts';
import { harvestedItemDocument } from './harvested.ts';
import { searchItems } from './search-rows.ts';
import type { Box, FoundItem } from './search-rows.ts';
import { placeOf } from './stac.ts';
import { geojson, itemDocument } from './stac-documents.ts';
import type { Place } from './stac-documents.ts';

const id = z.string().max(1000);
const coordinate = z.number().min(-100_000).max(100_000);
const boxExpected = 'expected 4 or 6 numbers: west, south, (lowest,) east, north, (highest)';

/** Heights are looked over: the catalogue is of the ground. */
const box = z
  .array(coordinate)
  .refine(({ length }) => length === 4 || length === 6, boxExpected)
  .transform((numbers): Box => {
    const [west = 0, south = 0, ...rest] = numbers;
    const [east = 0, north = 0] = numbers.length === 4 ? rest : rest.slice(1);
    return [west, south, east, north];
  })
  .refine(([, south, , north]) => south <= north, 'the south of a box is not above its north');

type Coordinates = number | Coordinates[];
const coordinates: z.ZodType<Coordinates> = z.lazy(() => z.union([coordinate, z.array(coordinates).min(1)]));

/** A GeoJSON geometry, of which the bounding box counts: items are looked for by theirs too. */
const geometry = z
  .looseObject({ type: z.string(), coordinates: z.array(coordinates).min(1) })
  .transform(({ coordinates: nested }): Box => {
    const bounds: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
    const widen = (inner: Coordinates[]): void => {
      const [x, y] = inner;
      if (typeof x !== 'number' || typeof y !== 'number') return inner.forEach((one) => Array.isArray(one) && widen(one));
      bounds[0] = Math.min(bounds[0], x);
      bounds[1] = Math.min(bounds[1], y);
      bounds[2] = Math.max(bounds[2], x);
      bounds[3] = Math.max(bounds[3], y);
    };
    widen(nested);
    return bounds;
  })
  .refine((bounds) => bounds.every(Number.isFinite), 'expected a GeoJSON geometry with positions');

const after = () => cursor(z.tuple([id, id, z.enum(['harvested', 'published'])])).describe('where the page begins (of a next link)');

/** GET /search (STAC API 1.0.0, item search). */
export const searchQuery = z.object({
  limit: limit(10).describe('at most so many'),
  bbox: once(
    z
      .string()
      .max(1000)
      .transform((text) => text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part))))
      .pipe(box)
      .optional(),
  ).describe('only items whose box overlaps this one: west,south,east,north'),
  datetime: once(datetime.optional()).describe('only items of this instant, or of this interval (RFC 3339, ".." for an open end)'),
  ids: many(id).describe('only these items'),
  collections: many(id).describe('only items of these collections'),
  after: after(),
});

/** POST /search: what is not known is refused, since it would find more than was meant. */
export const searchRequest = z.strictObject({
  limit: z
    .int()
    .min(1)
    .default(10)
    .transform((n) => Math.min(n, 10_000)),
  bbox: box.nullish(),
  intersects: geometry.nullish().describe('only items whose box overlaps the box of this geometry'),
  datetime: datetime.nullish(),
  ids: z.array(id).max(10_000).nullish(),
  collections: z.array(id).max(10_000).nullish(),
  after: after(),
});

export async function answerSearch(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const post = request.method === 'POST';
  const body = post ? await readJson(request, context.config.maxRequestBytes) : undefined;
  const search = post ? searchRequest.parse(body) : searchQuery.parse(request.query);
  const areas = [search.bbox, 'intersects' in search ? search.intersects : undefined].filter((area) => area != null);
  if (areas.length > 1) throw bothAreas();
  const { process, catalogue } = request.params as { process?: string; catalogue?: string };
  const place = placeOf(context, request);
  const [path = ''] = request.url.split('?');
  const found = await searchItems(context.database, {
    workspace: workspaceIn(request),
    process,
    catalogue,
    harvested: !path.includes('/catalogs/processing-results'),
    collections: search.collections ?? undefined,
    ids: search.ids ?? undefined,
    box: areas[0],
    datetime: search.datetime ?? undefined,
    after: search.after && [search.after[0], search.after[1], search.after[2] === 'harvested'],
    limit: search.limit + 1,
  });
  const page = found.slice(0, search.limit);
  const last = found.length > search.limit ? page.at(-1) : undefined;
  const self = place.origin + path;
  const links = [
    { rel: 'self', href: place.origin + request.url, type: geojson },
    { rel: 'root', href: place.base, type: 'application/json' },
    ...(last ? [nextLink(self, request, body as JsonObject | undefined, last)] : []),
  ];
  const features = page.map((item) => shownItem(item, place));
  await reply
    .status(200)
    .type(geojson)
    .send(Buffer.from(JSON.stringify({ type: 'FeatureCollection', features, links, numberReturned: features.length })));
}

/** STAC API 1.0.0, item search: one of them. */
const bothAreas = (): Problem => new Problem({ status: 400, title: 'Bad request', detail: 'bbox and intersects: give one of them' });

/** As the request was sent: in the address, or in the body that is to be sent there again. */
function nextLink(
  self: string,
  request: FastifyRequest,
  body: JsonObject | undefined,
  { collection, item, process }: FoundItem,
): JsonObject {
  const position = cursorOf(collection, item, process === null ? 'harvested' : 'published');
  if (body) return { rel: 'next', href: self, type: geojson, method: 'POST', body: { ...body, after: position } };
  const parameters = new URLSearchParams(request.url.split('?')[1]);
  parameters.set('after', position);
  return { rel: 'next', href: `${self}?${parameters.toString()}`, type: geojson };
}

function shownItem({ process, catalogue, ...row }: FoundItem, place: Place): JsonObject {
  return process === null || catalogue === null ? harvestedItemDocument(row, place) : itemDocument({ ...row, process, catalogue }, place);
}
