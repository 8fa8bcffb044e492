import { describe, expect, it } from '@jest/globals';
import { rootOf } from './place-of-documents.ts';
import { readHarvested } from './read-document.ts';

const item = {
  type: 'Feature',
  stac_version: '1.0.0',
  id: 'scene',
  collection: 'scenes',
  geometry: null,
  properties: { datetime: '2026-01-01T00:00:00Z' },
  links: [
    { rel: 'parent', href: '../collection.json' },
    { rel: 'license', href: 'https://example.org/licence' },
  ],
  assets: { data: { href: './data/a b.tif' }, far: { href: 's3://bucket/x.tif' } },
};
const root = 'demo/files/harvested/git.example/flows/main/';
const read = (value: object | string): ReturnType<typeof readHarvested> =>
  readHarvested(typeof value === 'string' ? value : JSON.stringify(value), 'stac/scenes/scene.json', root);

describe('a harvested document', () => {
  it('keeps addresses elsewhere, makes its own locations, and leaves its place in a tree', () => {
    expect(read(item)).toEqual({
      kind: 'document',
      found: {
        collection: 'scenes',
        item: 'scene',
        document: {
          ...item,
          links: [{ rel: 'license', href: 'https://example.org/licence' }],
          assets: { data: { href: `runnel:${root}stac/scenes/data/a b.tif` }, far: { href: 's3://bucket/x.tif' } },
        },
      },
    });
  });

  it('without a collection belongs to one of ours; a Catalog is no document of its own', () => {
    const { collection: _collection, ...alone } = item;
    expect(read(alone)).toMatchObject({ found: { collection: 'harvested', document: { collection: 'harvested' } } });
    expect(read({ type: 'Catalog', id: 'c' })).toMatchObject({ kind: 'ignored' });
  });

  it.each([
    ['{', /^it is not JSON: /],
    ['[]', /^it is not a JSON object$/],
    [{ ...item, stac_version: '0.9' }, /stac_version/],
    [{ ...item, id: 'a\0b' }, /^an id of a collection or item is text/],
    [{ ...item, collection: '' }, /^an id of a collection or item is text/],
    [{ ...item, assets: { data: { href: '../../../etc/passwd' } } }, /^its asset data: .* leads out of the watched source$/],
    [{ ...item, assets: { data: { href: 'file:///etc/passwd' } } }, /^its asset data: .* names a file of the machine/],
    [{ ...item, assets: { data: { href: 'runnel:other/files/secret' } } }, /^its asset data: .* is an address of the services' own$/],
    [{ ...item, links: [{ rel: 'license', href: '/LICENCE' }] }, /^its license link: .* must be relative$/],
  ])('%j is refused', (value, reason) => {
    expect(read(value)).toEqual({ kind: 'refused', reason: expect.stringMatching(reason) });
  });
});

describe('where documents of a source stand', () => {
  it.each([
    ['https://user:key@git.example/org/flows.git', 'main', 'git.example/org/flows/main'],
    ['git@git.example:org/flows.git', 'release/1', 'git.example/org/flows/release/1'],
    ['file:///srv/flows.git', 'main', 'srv/flows/main'],
    ['https://git.example/../../a/.git', 'x y', 'git.example/_./_./a/x_y'],
  ])('%s#%s', (repository, branch, folder) => {
    expect(rootOf({ workspace: 'demo', source: 'git', repository, branch })).toBe(`demo/files/harvested/${folder}/`);
  });

  it('the workspace’s own stay where they are', () => {
    expect(rootOf({ workspace: 'demo', source: 'files', repository: 'files', branch: '' })).toBe('demo/files/');
  });
});
