import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '@runnel/cwl';
import type { PlannedDirectory, PlannedFile } from '../results/plan-publication.ts';
import { catalogueRows } from './catalogue-rows.ts';
import { readCatalogue } from './read-catalogue.ts';

const run = '01936d2e-7c1a-7000-8000-000000000001';
const catalog = (...links: JsonObject[]): JsonObject => ({ type: 'Catalog', stac_version: '1.0.0', id: 'mine', description: 'd', links });
const link = (rel: string, href: string): JsonObject => ({ rel, href });
const item = (id: string, more: JsonObject = {}): JsonObject => ({
  type: 'Feature',
  stac_version: '1.0.0',
  id,
  geometry: null,
  properties: { datetime: '2020-01-01T00:00:00Z' },
  links: [link('root', '../catalog.json')],
  assets: {},
  ...more,
});
const collection = (id: string, ...links: JsonObject[]): JsonObject => ({
  ...catalog(...links),
  type: 'Collection',
  id,
  license: 'proprietary',
  extent: { spatial: { bbox: [[0, 0, 1, 1]] }, temporal: { interval: [[null, null]] } },
});

/** Reads a directory of documents (objects) and other files (text). */
async function read(files: Record<string, JsonObject | string>) {
  const planned = Object.entries(files).map(([path, content]): [string, PlannedFile] => [
    path,
    {
      output: 'out',
      name: path,
      source: { contents: typeof content === 'string' ? content : JSON.stringify(content) },
      target: `demo/results/${run}/stac/${path}`,
      entry: {},
    },
  ]);
  const directory: PlannedDirectory = { output: 'out', path: 'stac', files: new Map(planned) };
  return readCatalogue(run, directory, async ({ source }) => ('contents' in source ? source.contents : ''));
}

describe('catalogue of an output directory', () => {
  it('gives items below the catalogue to the collection of the run, with published assets', async () => {
    const { id, collections } = await read({
      'catalog.json': catalog(link('item', './a/a.json')),
      'a/a.json': item('a', {
        assets: { ndvi: { href: './my%20ndvi.tif', type: 'image/tiff' }, far: { href: 'https://example.org/far.tif' } },
      }),
      'a/my ndvi.tif': 'pixels',
    });
    expect(id).toBe('mine');
    expect(collections).toHaveLength(1);
    expect(collections[0]).toMatchObject({ id: `col_${run}` });
    expect(collections[0]?.document).toBeUndefined();
    expect(collections[0]?.items[0]).toMatchObject({
      id: 'a',
      collection: `col_${run}`,
      links: [],
      assets: {
        ndvi: { href: `runnel:demo/results/${run}/stac/a/my ndvi.tif`, type: 'image/tiff' },
        far: { href: 'https://example.org/far.tif' },
      },
    });
  });

  it('keeps collections of the user', async () => {
    const { collections } = await read({
      'catalog.json': catalog(link('child', 'col/collection.json')),
      'col/collection.json': collection(
        'mine',
        link('item', '../items/b.json'),
        link('license', 'https://example.org/l'),
        link('self', './collection.json'),
      ),
      'items/b.json': item('b', { collection: 'other' }),
    });
    expect(collections).toMatchObject([
      { id: 'mine', document: { id: 'mine', links: [{ rel: 'license' }] }, items: [{ id: 'b', collection: 'mine' }] },
    ]);
    expect(collections[0]?.document?.['links']).toHaveLength(1);
  });

  it('names what has no name', async () => {
    const { id, collections } = await read({
      'catalog.json': { ...catalog(link('child', 'c.json')), id: '' },
      'c.json': collection('', link('item', 'i.json')),
      'i.json': item('i'),
    });
    expect(id).toBe(`cat_${run}`);
    expect(collections).toMatchObject([{ id: `col_${run}`, document: { id: `col_${run}` }, items: [{ collection: `col_${run}` }] }]);
  });

  it('follows catalogues in catalogues, and circles once', async () => {
    const { collections } = await read({
      'catalog.json': catalog(link('child', 'sub/catalog.json')),
      'sub/catalog.json': catalog(link('item', 'i.json'), link('child', '../sub/catalog.json'), link('item', './i.json')),
      'sub/i.json': item('i'),
    });
    expect(collections).toMatchObject([{ id: `col_${run}`, items: [{ id: 'i' }] }]);
  });

  it('makes a collection for a catalogue without items', async () => {
    expect((await read({ 'catalog.json': catalog() })).collections).toEqual([{ id: `col_${run}`, items: [] }]);
  });

  it.each<[string, Record<string, JsonObject | string>, string]>([
    [
      'a missing item',
      { 'catalog.json': catalog(link('item', './item.json')) },
      'output out, catalog.json: it names a document that is not there: item.json',
    ],
    ['text instead of JSON', { 'catalog.json': 'hello' }, 'output out, catalog.json: it is not JSON'],
    ['a list', { 'catalog.json': '[]' }, 'not a JSON object'],
    ['a wrong type', { 'catalog.json': { ...catalog(), type: 'catalog' } }, 'its type is "catalog", not "Catalog"'],
    ['a collection at the top', { 'catalog.json': collection('c') }, 'not "Catalog"'],
    [
      'a bad item',
      { 'catalog.json': catalog(link('item', 'i.json')), 'i.json': { ...item('i'), id: '' } },
      'output out, i.json: its id is empty',
    ],
    ['a bad child', { 'catalog.json': catalog(link('child', 'i.json')), 'i.json': item('i') }, 'i.json: its type is "Feature"'],
    [
      'a missing asset',
      { 'catalog.json': catalog(link('item', 'i.json')), 'i.json': item('i', { assets: { a: { href: './a.tif' } } }) },
      'its asset a names a file that is not there: ./a.tif',
    ],
    ['a way out', { 'catalog.json': catalog(link('item', '../../etc/passwd')) }, 'leads out of the output directory'],
    [
      'an asset on the machine',
      { 'catalog.json': catalog(link('item', 'i.json')), 'i.json': item('i', { assets: { a: { href: 'file:///tmp/a' } } }) },
      'file:///tmp/a',
    ],
    ['an absolute path', { 'catalog.json': catalog(link('item', '/tmp/item.json')) }, 'absolute path'],
    ['an item elsewhere', { 'catalog.json': catalog(link('item', 'https://example.org/i.json')) }, 'must be relative'],
  ])('refuses %s, naming file and fault', async (_, files, reason) => {
    await expect(read(files)).rejects.toMatchObject({ name: 'OutputsRefused', message: expect.stringContaining(reason) });
  });
});

describe('rows of the catalogue', () => {
  const at = '2026-11-21T12:00:00.000Z';

  it('make a collection around the items', () => {
    const located = item('a', { bbox: [0, 0, 2, 2], properties: { datetime: '2020-01-01T00:00:00Z' } });
    const other = item('b', {
      bbox: [-1, 1, 0, 1, 3, 9],
      properties: { datetime: null, start_datetime: '2019-01-01T00:00:00Z', end_datetime: '2021-01-01T00:00:00Z' },
    });
    const rows = catalogueRows(run, 'vegetation', [{ id: 'c', catalogue: 'cat', items: [located, other] }], at);
    expect(rows.map(({ collection: of, item: name }) => [of, name])).toEqual([
      ['c', ''],
      ['c', 'a'],
      ['c', 'b'],
    ]);
    expect(rows[0]?.document).toMatchObject({
      type: 'Collection',
      id: 'c',
      title: `Result Collection for Job ${run}`,
      extent: { spatial: { bbox: [[-1, 0, 2, 3]] }, temporal: { interval: [['2019-01-01T00:00:00.000Z', '2021-01-01T00:00:00.000Z']] } },
    });
  });

  it('show the whole world and the time of publication where nothing is known', () => {
    expect(catalogueRows(run, 'p', [{ id: 'c', catalogue: 'cat', items: [] }], at)[0]?.document).toMatchObject({
      extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[at, at]] } },
    });
  });

  it('lose no item when two directories of a run use the same id', () => {
    const rows = catalogueRows(
      run,
      'p',
      [
        { id: 'c', catalogue: 'cat', items: [item('a')] },
        { id: 'c', catalogue: 'cat', document: collection('c'), items: [item('a')] },
      ],
      at,
    );
    expect(rows.map(({ item: name, document }) => [name, document['id']])).toEqual([
      ['', 'c'],
      ['a', 'a'],
      ['a_2', 'a_2'],
    ]);
  });
});
