import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { json, startTestApi } from '../../testing/test-api.ts';
import type { Answer, Client, TestApi } from '../../testing/test-api.ts';

interface Page {
  features: { id: string; links: { rel: string; href: string }[] }[];
  links: { rel: string; href: string; method?: string; body?: object }[];
}

const base = '/api/catalogue/stac/catalogs/user/catalogs/demo';
let api: TestApi;
let demo: Client;
beforeAll(async () => {
  api = await startTestApi();
  demo = await api.as('demo');
  const { pool } = api.database;
  const publish = (item: string, document: object, more = { workspace: 'demo', visible: true, catalogue: 'cat', collection: 'scenes' }) =>
    pool.query(
      `insert into catalogue (workspace, collection, item, run_id, document, visible, updated_at, process, catalogue)
       values ($1, $2, $3, null, $4, $5, now(), 'wide', $6)`,
      [
        more.workspace,
        more.collection,
        item,
        JSON.stringify({ type: 'Feature', id: item, stac_version: '1.0.0', ...document }),
        more.visible,
        more.catalogue,
      ],
    );
  const at = (datetime: string | null, rest: object = {}) => ({ properties: { datetime, ...rest } });
  const cat = { workspace: 'demo', visible: true, catalogue: 'cat', collection: 'scenes' };
  await publish('', { type: 'Collection' });
  await publish('north', { bbox: [0, 50, 10, 60], ...at('2026-01-10T12:00:00Z') });
  await publish('south', { bbox: [0, -60, 0, 10, -50, 900], ...at('2026-02-10T12:00:00Z') });
  await publish('across', {
    bbox: [170, -10, -170, 10],
    ...at(null, { start_datetime: '2026-03-01T00:00:00Z', end_datetime: '2026-03-31T00:00:00Z' }),
  });
  await publish('odd', { bbox: ['a', null, 1], ...at('yesterday-ish') });
  await publish('other', at('2026-01-10T12:00:00Z'), { ...cat, catalogue: 'second', collection: 'others' });
  await publish('hidden', at('2026-01-10T12:00:00Z'), { ...cat, visible: false });
  await publish('foreign', at('2026-01-10T12:00:00Z'), { ...cat, workspace: 'elsewhere' });
  await pool.query(
    `insert into harvested_documents (workspace, repository, branch, path, collection, item, document, move)
     values ('demo', 'r', 'b', 'one.json', 'watched', 'seen', $1, 1)`,
    [JSON.stringify({ type: 'Feature', id: 'seen', stac_version: '1.0.0', bbox: [1, 51, 2, 52], ...at('2026-01-11T00:00:00Z') })],
  );
});
afterAll(() => api.close());

const idsOf = (answer: Answer): string[] => {
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/geo+json']);
  return (answer.body as unknown as Page).features.map(({ id }) => id);
};
const search = async (body: object, below = ''): Promise<string[]> => idsOf(await demo('POST', `${base}${below}/search`, json(body)));

it('finds all there is, each with its place', async () => {
  expect(await search({})).toEqual(['other', 'across', 'north', 'odd', 'south', 'seen']);
  const { features } = (await demo('GET', `${base}/search?ids=north,seen`)).body as unknown as Page;
  for (const { id, links } of features) {
    const self = links.find(({ rel }) => rel === 'self')?.href ?? '';
    expect((await demo('GET', new URL(self).pathname)).body).toMatchObject({ id });
  }
});

it('is told of where it can be asked', async () => {
  for (const place of ['', '/catalogs/processing-results', '/catalogs/processing-results/catalogs/wide/catalogs/cat']) {
    const { conformsTo, links } = (await demo('GET', `${base}${place}`)).body as unknown as Page & { conformsTo: string[] };
    expect(conformsTo).toContain('https://api.stacspec.org/v1.0.0/item-search');
    const [address] = links.filter(({ rel, method }) => rel === 'search' && method === 'GET');
    expect((await demo('GET', new URL(address?.href ?? '').pathname)).status).toBe(200);
  }
});

it.each([
  ['/catalogs/processing-results', ['other', 'across', 'north', 'odd', 'south']],
  ['/catalogs/processing-results/catalogs/wide/catalogs/cat', ['across', 'north', 'odd', 'south']],
  ['/catalogs/processing-results/catalogs/none/catalogs/cat', []],
])('below %s', async (place, ids) => {
  expect(await search({}, place)).toEqual(ids);
});

it.each([
  [{ bbox: [5, 55, 6, 56] }, ['north']],
  [{ bbox: [1.5, 51.5, 0, 5, 55, 10] }, ['north', 'seen']],
  [{ bbox: [-180, -90, 180, 90] }, ['across', 'north', 'south', 'seen']],
  [{ bbox: [175, -5, 176, 5] }, ['across']],
  [{ bbox: [160, -5, -175, 5] }, ['across']],
  [{ bbox: [100, -5, 120, 5] }, []],
  [
    {
      intersects: {
        type: 'Polygon',
        coordinates: [
          [
            [4, 51],
            [6, 51],
            [6, 52],
            [4, 51],
          ],
        ],
      },
    },
    ['north'],
  ],
  [{ datetime: '2026-01-10T12:00:00Z' }, ['other', 'north']],
  [{ datetime: '2026-03-15T00:00:00Z/..' }, ['across']],
  [{ datetime: '../2026-01-10T23:00:00Z' }, ['other', 'north']],
  [{ collections: ['watched', 'others'] }, ['other', 'seen']],
  [{ ids: ['south'], collections: ['scenes'], bbox: [0, -90, 1, 0] }, ['south']],
])('%j', async (body, ids) => {
  expect(await search(body)).toEqual(ids);
});

it('takes the same in an address', async () => {
  expect(idsOf(await demo('GET', `${base}/search?bbox=1.5,51.5,5,55&datetime=2026-01-01T00:00:00Z/2026-01-10T23:59:59Z`))).toEqual([
    'north',
  ]);
});

describe('pages', () => {
  const all = ['other', 'across', 'north', 'odd', 'south', 'seen'];

  it('lead on by their links', async () => {
    const found: string[] = [];
    for (let address: string | undefined = `${base}/search?limit=4`; address !== undefined;) {
      const answer = await demo('GET', address);
      found.push(...idsOf(answer));
      const next = (answer.body as unknown as Page).links.find(({ rel }) => rel === 'next')?.href;
      address = next && new URL(next).pathname + new URL(next).search;
    }
    expect(found).toEqual(all);
  });

  it('and by their bodies', async () => {
    const found: string[] = [];
    for (let body: object | undefined = { limit: 4, bbox: null }; body !== undefined;) {
      const answer = await demo('POST', `${base}/search`, json(body));
      found.push(...idsOf(answer));
      const next = (answer.body as unknown as Page).links.find(({ rel }) => rel === 'next');
      body = next?.body;
    }
    expect(found).toEqual(all);
  });
});

it.each([
  ['GET', '?bbox=1,2,3'],
  ['GET', '?bbox=1,2,,4'],
  ['GET', '?bbox=1,9,2,4'],
  ['GET', '?datetime=yesterday'],
  ['GET', '?after=e30'],
  ['GET', `?after=${Buffer.from(JSON.stringify(['a\0', 'b', 'published'])).toString('base64url')}`],
  ['POST', { ids: ['a\0'] }],
  ['POST', { filter: 'a = 1' }],
  ['POST', { bbox: ['1', '2', '3', '4'] }],
  ['POST', { bbox: [0, 0, 1, 1], intersects: { type: 'Point', coordinates: [1, 1] } }],
  ['POST', { intersects: { type: 'Point', coordinates: [[]] } }],
])('%s %j is refused', async (method, asked) => {
  const answer =
    typeof asked === 'string' ? await demo(method, `${base}/search${asked}`) : await demo(method, `${base}/search`, json(asked));
  expect(answer.status).toBe(400);
});

it('is not for others', async () => {
  expect((await (await api.as('elsewhere'))('GET', `${base}/search`)).status).toBe(403);
});
