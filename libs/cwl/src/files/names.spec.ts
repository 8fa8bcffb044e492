import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  baseName,
  baseNameOf,
  completeNames,
  directoryName,
  isWithin,
  joinPath,
  locationToPath,
  nameFromLocation,
  pathToLocation,
  relatedLocation,
  splitName,
} from './names.ts';

it.each([
  ['a.tar.gz', 'a.tar', '.gz'],
  ['a', 'a', ''],
  ['.cshrc', '.cshrc', ''],
  ['..a.b', '..a', '.b'],
  ['...', '...', ''],
  ['a.', 'a', '.'],
])('%s is split into %s and %s', (basename, nameroot, nameext) => expect(splitName(basename)).toEqual({ nameroot, nameext }));

it.each([
  [['/a', 'b/c'], '/a/b/c'],
  [['/a/', './b/../c/'], '/a/c'],
  [['/a', '/b'], '/b'],
  [['/a', '..', '..', 'b'], '/b'],
  [['a', '../../b'], '../b'],
  [['a', '..'], '.'],
  [['/'], '/'],
])('%j is joined to %s', (parts, path) => expect(joinPath(...parts)).toBe(path));

it('names and directories of paths', () => {
  expect(['/a/b', '/a/b/', '/', 'a'].map(baseName)).toEqual(['b', 'b', '/', 'a']);
  expect(['/a/b', '/a', 'a', 'a/b/c'].map(directoryName)).toEqual(['/a', '/', '', 'a/b']);
  expect([isWithin('/a/b', '/a'), isWithin('/a', '/a'), isWithin('/ab', '/a'), isWithin('/a', '/')]).toEqual([true, true, false, true]);
});

describe('locations', () => {
  it('any path survives the way to a location and back', () => {
    const segment = fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => !name.includes('/') && name.isWellFormed());
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1 }), (segments) => {
        const path = `/${segments.join('/')}`;
        expect(locationToPath(pathToLocation(path))).toBe(path);
        expect(new URL(pathToLocation(path)).protocol).toBe('file:');
      }),
    );
  });
  it.each([
    ['file:///a/b%23c%20d', 'b#c d'],
    ['file:///a/dir/', 'dir'],
    ['https://h/p/q.tif?a=/x#f', 'q.tif'],
    ['/a/b%20c', 'b%20c'],
    ['file:///a/100%', '100%'],
    ['s3://bucket/key/ä.txt', 'ä.txt'],
  ])('the name of %s is %s', (location, name) => expect(nameFromLocation(location)).toBe(name));
  it('only file locations and plain paths are paths', () => {
    expect(['file:///a%20b', 'file://localhost/a', '/a%20b', 'rel/x', 'https://h/a'].map(locationToPath)).toEqual([
      '/a b',
      '/a',
      '/a%20b',
      'rel/x',
      undefined,
    ]);
  });
  it('beside and inside', () => {
    expect([
      relatedLocation('file:///a/b', 'c d'),
      relatedLocation('file:///a/b', 'c#', true),
      relatedLocation('/a/b', 'c d'),
      relatedLocation('file:///a/b/', 'x/y', true),
    ]).toEqual(['file:///a/c%20d', 'file:///a/b/c%23', '/a/c d', 'file:///a/b/x/y']);
  });
});

it('names are completed at every level, and what a user calls a file counts', () => {
  const value = completeNames({
    list: [
      {
        class: 'File',
        location: 'file:///x/a.b',
        secondaryFiles: [{ class: 'Directory', path: '/y/d', listing: [{ class: 'File', basename: 'n.m', contents: '' }] }],
      },
    ],
    file: { class: 'File', path: '/x/y.z', basename: 'other.name' },
  });
  expect(value).toEqual({
    list: [
      {
        class: 'File',
        location: 'file:///x/a.b',
        basename: 'a.b',
        nameroot: 'a',
        nameext: '.b',
        secondaryFiles: [
          {
            class: 'Directory',
            path: '/y/d',
            basename: 'd',
            listing: [{ class: 'File', basename: 'n.m', nameroot: 'n', nameext: '.m', contents: '' }],
          },
        ],
      },
    ],
    file: { class: 'File', path: '/x/y.z', dirname: '/x', basename: 'other.name', nameroot: 'other', nameext: '.name' },
  });
  expect(baseNameOf({ class: 'File', contents: '' })).toBeUndefined();
});

it('files that lack no name are passed on as they are, also in lists', () => {
  const file = { class: 'File', basename: 'a.b', nameroot: 'a', nameext: '.b', path: '/x/a.b', dirname: '/x' };
  const files = [file, { ...file }];
  expect(completeNames(files)).toBe(files);
  for (const wrong of [
    { basename: 'other.b' },
    { nameroot: 'other' },
    { nameext: '.other' },
    { dirname: '/other' },
    { path: '/other/a.b' },
  ])
    expect(completeNames([{ ...file, ...wrong }])).not.toEqual([{ ...file, ...wrong }]);
});
