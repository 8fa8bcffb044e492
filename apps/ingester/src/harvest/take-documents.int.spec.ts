import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { putValue } from '@runnel/objects';
import { ingesterFixture, type Fixture } from '../ingester.fixture.ts';
import { takeDocuments, type Change, type Harvest } from './take-documents.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await ingesterFixture();
});
afterAll(() => fixture.close());

const item = (id: string, more: object = {}): string =>
  JSON.stringify({
    ...{ type: 'Feature', stac_version: '1.0.0', id, collection: 'scenes', geometry: null, links: [], assets: {} },
    ...{ properties: { datetime: '2026-01-01T00:00:00Z' }, ...more },
  });
const repository = 'https://git.example/flows.git';
const about = { workspace: 'demo', source: 'git', repository, branch: 'main' };

/** What came of each file, as it is told and as it is recorded. */
async function take(move: number, changes: Change[], more: Partial<Harvest> = {}): Promise<Record<string, string>> {
  const outcomes = await takeDocuments(fixture, { ...about, commit: `c${move}`, move, changes, ...more });
  return Object.fromEntries(outcomes.map(({ path, outcome, reason }) => [path, reason === undefined ? outcome : `${outcome}: ${reason}`]));
}
const added = (path: string, content: Change['content']): Change => ({ path, change: 'added', content });
const items = async (): Promise<unknown[]> =>
  (await fixture.rows(`select path || '=' || item as one from harvested_documents order by path`)).map(({ one }) => one);
const stored = (): Promise<string[]> => fixture.keys('demo/files/harvested/git.example/flows/main/');
const lastTold = async (): Promise<object | undefined> => (await fixture.told()).at(-1);
const root = 'demo/files/harvested/git.example/flows/main/';

describe('STAC documents of a repository', () => {
  it('enter the catalogue, each by itself, and pipelines are told', async () => {
    const changes = [
      added('stac/a.json', item('a')),
      added('stac/bad.json', '{"type":"Feature"'),
      { path: 'stac/link.json', change: 'added' as const, refused: 'it is a symbolic link, which is not followed' },
      added('flow.cwl', 'not the ingester’s'),
      added(`stac/${'x'.repeat(300)}.json`, item('long')),
    ];
    expect(await take(1, changes)).toEqual({
      'stac/a.json': 'catalogued',
      'stac/bad.json': expect.stringMatching(/^refused: it is not JSON/),
      'stac/link.json': 'refused: it is a symbolic link, which is not followed',
      [changes[4]?.path ?? '']: expect.stringMatching(/^refused: a segment of a key may have 255 bytes/),
    });
    expect([await items(), await stored()]).toEqual([['stac/a.json=a'], ['stac/a.json']]);
    const data = { workspace: 'demo', repository, branch: 'main', bucket_name: 'bucket', source: root, added_keys: [`${root}stac/a.json`] };
    expect(await lastTold()).toMatchObject({ type: 'runnel.catalogue.changed.v1', data });
  });

  it('of a second copy of the message, and of an older commit, change nothing', async () => {
    const before = (await fixture.told()).length;
    expect(await take(1, [added('stac/a.json', item('changed'))])).toEqual({});
    expect(await take(3, [{ ...added('stac/a.json', item('newer')), change: 'updated' }])).toEqual({ 'stac/a.json': 'catalogued' });
    expect(await take(2, [added('stac/a.json', item('older'))])).toEqual({
      'stac/a.json': 'superseded: a newer commit was handled before',
    });
    // Renamed away in an older commit, there again in a newer one.
    expect(await take(2, [{ ...added('stac/b.json', item('b')), previousPath: 'stac/a.json' }])).toEqual({ 'stac/b.json': 'catalogued' });
    expect(await items()).toEqual(['stac/a.json=newer', 'stac/b.json=b']);
    expect((await fixture.told()).length - before).toBe(2);
  });

  it('are renamed by news that come late, too', async () => {
    const before = await items();
    const late = 'superseded: a newer commit was handled before';
    expect(await take(13, [{ path: 'stac/mid.json', change: 'deleted' }])).toEqual({ 'stac/mid.json': 'removed' });
    expect(await take(12, [{ ...added('stac/mid.json', item('m')), previousPath: 'stac/old.json' }])).toEqual({
      'stac/mid.json': late,
      'stac/old.json': 'removed',
    });
    expect(await take(11, [added('stac/old.json', item('m'))])).toEqual({ 'stac/old.json': late });
    expect(await items()).toEqual(before);
  });

  it('are renamed and removed, with their objects; a broken one leaves the one before', async () => {
    const changes = [
      { path: 'stac/c.json', change: 'updated' as const, previousPath: 'stac/a.json', content: item('newer') },
      { path: 'stac/b.json', change: 'updated' as const, content: '[]' },
    ];
    expect(await take(4, changes)).toEqual({
      'stac/a.json': 'removed',
      'stac/c.json': 'catalogued',
      'stac/b.json': 'refused: it is not a JSON object',
    });
    expect([await items(), await stored()]).toEqual([
      ['stac/b.json=b', 'stac/c.json=newer'],
      ['stac/b.json', 'stac/c.json'],
    ]);
    expect(await take(5, [{ path: 'stac/b.json', change: 'deleted' }])).toEqual({ 'stac/b.json': 'removed' });
    expect([await items(), await stored()]).toEqual([['stac/c.json=newer'], ['stac/c.json']]);
    expect(await lastTold()).toMatchObject({ data: { added_keys: [], deleted_keys: [`${root}stac/b.json`] } });
  });

  it('too long for a message are read from their object, which is then gone', async () => {
    const key = 'demo/values/harvest/1';
    await putValue(fixture.objects, key, item('long', { note: 'x'.repeat(300_000) }));
    expect(await take(6, [added('stac/long.json', { $stored: { key } })])).toEqual({ 'stac/long.json': 'catalogued' });
    expect(await fixture.objects.head(key)).toBeUndefined();
  });

  it('are each the workspace’s and branch’s own', async () => {
    await take(1, [added('stac/a.json', item('a'))], { branch: 'other' });
    await take(1, [added('stac/a.json', item('a'))], { workspace: 'second' });
    expect(await items()).toEqual(['stac/a.json=a', 'stac/a.json=a', 'stac/c.json=newer', 'stac/long.json=long']);
    expect(await fixture.keys('second/files/')).toEqual(['harvested/git.example/flows/main/stac/a.json']);
  });
});

it('files of the workspace are catalogued where they are', async () => {
  const changes = [added('mine/x.json', item('x', { assets: { d: { href: './d.tif' } } }))];
  expect(await take(1, changes, { source: 'files', repository: 'files', branch: '' })).toEqual({ 'mine/x.json': 'catalogued' });
  const [row] = await fixture.rows(`select document from harvested_documents where repository = 'files'`);
  expect(row?.['document']).toMatchObject({ assets: { d: { href: 'runnel:demo/files/mine/d.tif' } } });
  expect(await lastTold()).toMatchObject({ data: { added_keys: ['demo/files/mine/x.json'], source: 'demo/files/' } });
});
