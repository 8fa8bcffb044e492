import { describe, expect, it } from '@jest/globals';
import type { Json, JsonObject } from '@runnel/cwl';
import { faultOfCatalog, faultOfCollection, faultOfItem } from './check-document.ts';

const catalog: JsonObject = { type: 'Catalog', stac_version: '1.0.0', id: 'c', description: 'd', links: [] };
const collection: JsonObject = {
  ...catalog,
  type: 'Collection',
  license: 'proprietary',
  extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [['2020-01-01T00:00:00Z', null]] } },
};
const item: JsonObject = {
  type: 'Feature',
  stac_version: '1.0.0',
  id: 'i',
  geometry: null,
  properties: { datetime: '2020-01-01T00:00:00Z' },
  links: [],
  assets: {},
};
const point: Json = { type: 'Point', coordinates: [1, 2] };

describe('STAC core documents', () => {
  it.each<[string, string | undefined]>([
    ['a catalog', faultOfCatalog(catalog)],
    ['a catalog with an empty id', faultOfCatalog({ ...catalog, id: '' })],
    ['a collection of version 1.1', faultOfCollection({ ...collection, stac_version: '1.1.0' })],
    ['an unlocated item', faultOfItem(item)],
    ['a located item', faultOfItem({ ...item, geometry: point, bbox: [1, 2, 1, 2] })],
    [
      'a geometry collection',
      faultOfItem({ ...item, geometry: { type: 'GeometryCollection', geometries: [point] }, bbox: [1, 2, 0, 1, 2, 9] }),
    ],
    [
      'a span of time',
      faultOfItem({
        ...item,
        properties: { datetime: null, start_datetime: '2020-01-01T00:00:00+02:00', end_datetime: '2020-01-02T00:00:00.5Z' },
      }),
    ],
    ['an asset', faultOfItem({ ...item, assets: { a: { href: './a.tif' } } })],
  ])('%s is right', (_, fault) => {
    expect(fault).toBeUndefined();
  });

  it.each<[string, string | undefined, RegExp]>([
    ['type of a catalog', faultOfCatalog({ ...catalog, type: 'catalog' }), /type is "catalog", not "Catalog"/],
    ['missing type', faultOfCatalog({ stac_version: '1.0.0' }), /type is missing/],
    ['old version', faultOfCatalog({ ...catalog, stac_version: '0.9.0' }), /stac_version is "0.9.0"/],
    ['id that is no text', faultOfCatalog({ ...catalog, id: 3 }), /id is 3/],
    ['missing links', faultOfCatalog({ ...catalog, links: null }), /list "links"/],
    ['link without href', faultOfCatalog({ ...catalog, links: [{ rel: 'item' }] }), /lacks "href" or "rel"/],
    ['missing description', faultOfCatalog({ ...catalog, description: '' }), /description/],
    ['missing licence', faultOfCollection({ ...collection, license: null }), /license/],
    ['missing extent', faultOfCollection({ ...collection, extent: {} }), /spatial bbox/],
    [
      'bad interval',
      faultOfCollection({ ...collection, extent: { spatial: { bbox: [[0, 0, 1, 1]] }, temporal: { interval: [['yesterday', null]] } } }),
      /temporal interval/,
    ],
    ['type of an item', faultOfItem({ ...item, type: 'Item' }), /not "Feature"/],
    ['empty id of an item', faultOfItem({ ...item, id: '' }), /id is empty/],
    ['missing geometry', faultOfItem({ ...item, geometry: undefined as unknown as Json }), /no geometry/],
    ['bbox without geometry', faultOfItem({ ...item, bbox: [0, 0, 1, 1] }), /its geometry is null/],
    ['geometry without bbox', faultOfItem({ ...item, geometry: point }), /bbox must be/],
    ['bbox of 5 numbers', faultOfItem({ ...item, geometry: point, bbox: [0, 0, 1, 1, 1] }), /bbox must be/],
    ['geometry that is none', faultOfItem({ ...item, geometry: { type: 'Circle' } }), /not GeoJSON/],
    ['missing properties', faultOfItem({ ...item, properties: null }), /properties/],
    ['missing datetime', faultOfItem({ ...item, properties: {} }), /no datetime/],
    ['null datetime without span', faultOfItem({ ...item, properties: { datetime: null } }), /start_datetime/],
    ['date without a time', faultOfItem({ ...item, properties: { datetime: '2020-01-01' } }), /RFC 3339/],
    ['time that does not exist', faultOfItem({ ...item, properties: { datetime: '2020-13-01T00:00:00Z' } }), /RFC 3339/],
    ['missing assets', faultOfItem({ ...item, assets: [] }), /assets/],
    ['asset without href', faultOfItem({ ...item, assets: { ndvi: { href: '' } } }), /asset ndvi has no href/],
  ])('%s is named', (_, fault, expected) => {
    expect(fault).toMatch(expected);
  });
});
