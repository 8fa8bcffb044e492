import { expect, it } from '@jest/globals';
import { filesOf, flat, footprintOf, isPicture, isText } from './results.ts';

it('links are files, also in lists and folders; other values are values', () => {
  const file = { href: 'http://h/workspaces/a/results/r/x.png', type: 'image/png', size: 12 };
  expect(filesOf(file)).toEqual([{ href: file.href, title: 'x.png', type: 'image/png', size: 12 }]);
  expect(filesOf([file, { ...file, title: '<b>' }])?.map(({ title }) => title)).toEqual(['x.png', '<b>']);
  expect(flat(filesOf({ href: 'h/d/', title: 'd', listing: [file, { href: 'h/d/e/', listing: [file] }] }) ?? [])).toHaveLength(2);
  for (const value of [1, 'text', null, [], [1], { a: 1 }, [file, 1]]) expect(filesOf(value)).toBeUndefined();
});

it.each([
  ['image/png', 100, true, false],
  ['image/svg+xml', 100, false, false],
  ['image/tiff; application=geotiff', 100, false, false],
  ['image/jpeg', 1e9, false, false],
  ['application/json', 100, false, true],
  ['text/plain', 1e9, false, false],
])('%s of %i bytes: shown as a picture %s, as text %s', (type, size, picture, text) => {
  const file = { href: '', title: '', type, size };
  expect([isPicture(file), isText(file)]).toEqual([picture, text]);
});

it('an item of a STAC catalogue lies somewhere, nothing else does', () => {
  const ring = [
    [10, 50],
    [11, 50],
    [11, 51],
    [10, 50],
  ];
  const item = {
    type: 'Feature',
    stac_version: '1.0.0',
    id: 'i',
    bbox: [10, 50, 11, 51],
    geometry: { type: 'Polygon', coordinates: [ring] },
    properties: {},
  };
  expect(footprintOf(item)).toEqual({ id: 'i', bbox: [10, 50, 11, 51], rings: [ring] });
  for (const other of [undefined, 3, { ...item, type: 'Catalog' }, { ...item, bbox: ['a', 0, 1, 2] }])
    expect(footprintOf(other)).toBeUndefined();
});
