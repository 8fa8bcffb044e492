import { describe, expect, it } from '@jest/globals';
import { readStac, safeName, stagedCatalog, stagedItem } from './stac-item.ts';
import type { StacItem } from './stac-item.ts';

const base = 'https://a.example/items/i.json?token=1';

function itemOf(document: object): StacItem {
  const found = readStac({ type: 'Feature', ...document }, base);
  if (found.kind !== 'item') throw new Error(found.kind);
  return found.item;
}

describe('a STAC document', () => {
  it('of an item: its assets with absolute addresses and names of their own', () => {
    const { id, assets } = itemOf({
      id: 'i',
      assets: {
        b1: { href: './b.tif', 'file:checksum': `1220${'AB'.repeat(32)}` },
        b2: { href: '../other/b.tif', 'file:checksum': '16200000' },
        b3: { href: 's3://bucket/key/..%2F..%2Fpasswd' },
        bare: { href: 'https://b.example/' },
        broken: { title: 'no href' },
      },
    });
    expect(id).toBe('i');
    expect(assets).toEqual([
      { key: 'b1', href: 'https://a.example/items/b.tif', name: 'b.tif', checksum: { algorithm: 'sha256', hex: 'ab'.repeat(32) } },
      { key: 'b2', href: 'https://a.example/other/b.tif', name: 'b2-1-b.tif' },
      { key: 'b3', href: 's3://bucket/key/..%2F..%2Fpasswd', name: '__.._passwd' },
      { key: 'bare', href: 'https://b.example/', name: 'bare' },
    ]);
  });

  it('of several items: where they are', () => {
    const links = [
      { rel: 'self', href: base },
      { rel: 'item', href: './a.json' },
      { rel: 'item', href: 'https://b.example/b.json' },
    ];
    expect(readStac({ type: 'Collection', links }, base)).toEqual({
      kind: 'several',
      what: 'a STAC Collection',
      items: ['https://a.example/items/a.json', 'https://b.example/b.json'],
    });
    expect(readStac({ type: 'FeatureCollection', features: [{ type: 'Feature', id: 'x' }] }, base)).toMatchObject({
      kind: 'several',
      items: [{ id: 'x', assets: [] }],
    });
  });

  it.each([null, 1, 'x', [], {}, { type: 'Point' }, { type: 'FeatureCollection' }])('of another kind: %j', (value) => {
    expect(readStac(value, base)).toEqual({ kind: 'other' });
  });

  it('as it is staged: nothing leads out of the folder', () => {
    const item = itemOf({
      id: 'a/b',
      collection: 'c',
      links: [{ rel: 'collection', href: 'https://a.example/c' }],
      assets: { b: { href: './b.tif', type: 'image/tiff' } },
    });
    expect(stagedItem(item)).toEqual({
      type: 'Feature',
      id: 'a/b',
      links: [
        { rel: 'root', href: '../catalog.json', type: 'application/json' },
        { rel: 'parent', href: '../catalog.json', type: 'application/json' },
      ],
      assets: { b: { href: './b.tif', type: 'image/tiff' } },
    });
    expect(stagedCatalog(item)).toMatchObject({ type: 'Catalog', links: [{ rel: 'root' }, { rel: 'item', href: './a_b/a_b.json' }] });
  });

  it.each([
    ['..', '_'],
    ['.hidden', '_hidden'],
    ['', '_'],
    ['a b/c', 'a_b_c'],
  ])('never names a file that is none: %j', (text, name) => {
    expect(safeName(text)).toBe(name);
  });
});
