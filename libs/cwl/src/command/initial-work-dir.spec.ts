import { describe, expect, it } from '@jest/globals';
import { references, required, runtime } from '../given.fixture.ts';
import type { CwlVersion, Json, JsonObject, Requirement } from '../model.ts';
import type { EvaluateJavaScript } from '../ports.ts';
import { planInitialWorkDir } from './initial-work-dir.ts';
import { stageInputs } from './staging.ts';

const given: JsonObject = {
  f: { class: 'File', location: 'file:///x/f.txt', secondaryFiles: [{ class: 'File', location: 'file:///x/f.txt.i' }] },
  other: { class: 'File', location: 'file:///y/f.txt' },
  dir: { class: 'Directory', location: 'file:///x/d' },
  files: [
    { class: 'File', location: 'file:///x/1' },
    { class: 'File', location: 'file:///x/2' },
  ],
  literal: { class: 'File', basename: 'lit', contents: 'text' },
  none: null,
  obj: { b: [1, 1e-7], a: 'x' },
  n: 42,
};
const { inputs } = stageInputs(given, { directory: '/in' });

function plan(
  listing: Json,
  more: { [name: string]: Omit<Requirement, 'class'> } = {},
  evaluate?: EvaluateJavaScript,
  cwlVersion: CwlVersion = 'v1.2',
) {
  const requirements = required({ InitialWorkDirRequirement: { listing }, ...more });
  return planInitialWorkDir({ requirements, evaluator: references('v1.2', evaluate), inputs, runtime, outdir: '/out', cwlVersion });
}
const entries = async (listing: Json, more = {}) => (await plan(listing, more)).entries;
const staged = (source: string, target: string, writable = false, kind = 'file') => ({
  kind,
  source: `file:///x/${source}`,
  target: `/out/${target}`,
  writable,
});
const written = (target: string, contents: string, writable = false) => ({ kind: 'literal', contents, target: `/out/${target}`, writable });

describe('entries', () => {
  it.each<[string, Json, unknown[]]>([
    ['a File', ['$(inputs.f)'], [staged('f.txt', 'f.txt'), staged('f.txt.i', 'f.txt.i')]],
    ['a Directory', ['$(inputs.dir)'], [staged('d', 'd', false, 'directory')]],
    ['a list of files', ['$(inputs.files)'], [staged('1', '1'), staged('2', '2')]],
    ['null', ['$(inputs.none)', { entry: '$(null)', entryname: 'x' }, null], []],
    ['a listing that is one expression', '$(inputs.files)', [staged('1', '1'), staged('2', '2')]],
    ['a File of the document', [{ class: 'File', location: 'file:///x/doc' }], [staged('doc', 'doc')]],
    [
      'a literal of the document',
      [{ class: 'Directory', basename: 'e', listing: [] }],
      [{ kind: 'empty-directory', target: '/out/e', writable: false }],
    ],
    [
      'lists in the listing',
      [
        [
          { class: 'File', location: 'file:///x/1' },
          { class: 'File', location: 'file:///x/2' },
        ],
      ],
      [staged('1', '1'), staged('2', '2')],
    ],
    ['an input that is a literal', ['$(inputs.literal)'], [written('lit', 'text')]],
  ])('%s', async (_name, listing, expected) => expect(await entries(listing)).toEqual(expected));
});

it.each(['v1.0', 'v1.1'] as const)('%s writes no JSON', async (version) => {
  const json: Json = [{ entry: '$(inputs.obj)', entryname: 'a.json' }];
  await expect(plan(json, {}, undefined, version)).rejects.toThrow(
    `must give a text, a File or a Directory in ${version}, not a map; since v1.2 it would be written as JSON`,
  );
  expect((await plan([{ entry: '$(inputs.n) of them', entryname: 'a' }], {}, undefined, version)).entries).toEqual([
    written('a', '42 of them'),
  ]);
});

describe('Dirents', () => {
  const dirent = (entry: string, entryname?: string, writable?: boolean): Json => [
    { entry, ...(entryname !== undefined && { entryname }), ...(writable !== undefined && { writable }) },
  ];
  it.each<[string, Json, unknown[]]>([
    ['text', dirent('a\n', 'a.txt'), [written('a.txt', 'a\n')]],
    ['text with references, white space kept', dirent(' $(inputs.n)\n', 'a.txt'), [written('a.txt', ' 42\n')]],
    ['empty text', dirent('', 'a.txt'), [written('a.txt', '')]],
    ['an escaped reference', dirent('\\$(inputs.n)', 'a'), [written('a', '$(inputs.n)')]],
    ['an object as JSON with sorted keys', dirent('$(inputs.obj)', 'a'), [written('a', '{"a": "x", "b": [1, 0.0000001]}')]],
    ['a number', dirent('$(inputs.n)', 'a'), [written('a', '42')]],
    [
      'a File in a text is JSON',
      dirent('$(inputs.other)\n', 'a'),
      [written('a', expect.stringMatching(/^\{.*"location": "file:\/\/\/y\/f.txt".*\}\n$/s) as unknown as string)],
    ],
    ['a File under another name', dirent('$(inputs.dir)', 'renamed'), [staged('d', 'renamed', false, 'directory')]],
    ['names with references', dirent('x', 'n$(inputs.n).txt'), [written('n42.txt', 'x')]],
    ['names with folders', dirent('x', 'sub/dir/x.txt'), [written('sub/dir/x.txt', 'x')]],
    ['names that stay inside', dirent('x', './a/../b'), [written('b', 'x')]],
    ['a list of files', dirent('$(inputs.files)'), [staged('1', '1'), staged('2', '2')]],
    ['writable files', dirent('$(inputs.files)', undefined, true), [staged('1', '1', true), staged('2', '2', true)]],
    ['writable directories', dirent('$(inputs.dir)', 'd2', true), [staged('d', 'd2', true, 'directory')]],
    [
      'writable with secondary files',
      dirent('$(inputs.f)', undefined, true),
      [staged('f.txt', 'f.txt', true), staged('f.txt.i', 'f.txt.i', true)],
    ],
  ])('%s', async (_name, listing, expected) => expect(await entries(listing)).toEqual(expected));

  it('that an expression gives are not evaluated again', async () => {
    const dirents = [
      { entryname: 'a', entry: '$(inputs.n)' },
      { entry: { class: 'Directory', basename: 'd', listing: [] }, writable: true },
    ];
    const { entries: found } = await plan('${ return dirents; }', {}, () => Promise.resolve(dirents));
    expect(found).toEqual([written('a', '$(inputs.n)'), { kind: 'empty-directory', target: '/out/d', writable: true }]);
  });
});

describe('names that are refused', () => {
  it.each([
    ['../x', 'leaves the output directory'],
    ['a/../../x', 'leaves the output directory'],
    ['.', 'leaves the output directory'],
    ['/etc/x', 'needs DockerRequirement under requirements'],
    ['$(inputs.n)', 'must give a name, not the number 42'],
  ])('%s', async (entryname, reason) => {
    await expect(entries([{ entry: 'x', entryname }])).rejects.toThrow(reason);
  });

  it('an absolute name is for tools that must run in a container', async () => {
    const found = await entries([{ entry: 'x', entryname: '/etc/x' }], { DockerRequirement: { dockerPull: 'debian' } });
    expect(found).toEqual([{ kind: 'literal', contents: 'x', target: '/etc/x', writable: false }]);
  });

  it.each<[Json, string]>([
    [[{ entry: 'text' }], 'an entry that is text needs an entryname'],
    [[{ entry: '$(inputs.files)', entryname: 'x' }], 'one name cannot be given to a list of files'],
    [['$(inputs.n)'], 'listing[0]: must give File, Directory or Dirent objects, or null, not the number 42'],
    [['$(inputs.f)', '$(inputs.other)'], 'two different files would be staged as /out/f.txt'],
  ])('%j', async (listing, reason) => {
    await expect(entries(listing)).rejects.toThrow(reason);
  });
});

describe('inputs afterwards', () => {
  it('point to where they were put', async () => {
    const after = (await plan([{ entry: '$(inputs.f)', entryname: 'sub/bob.txt' }, '$(inputs.literal)'])).inputs;
    expect(after).toMatchObject({
      f: {
        path: '/out/sub/bob.txt',
        dirname: '/out/sub',
        basename: 'bob.txt',
        nameroot: 'bob',
        secondaryFiles: [{ path: '/out/sub/f.txt.i' }],
      },
      literal: { path: '/out/lit' },
      other: { path: '/in/1/f.txt' },
    });
  });

  it('also items of lists, and files of a directory', async () => {
    const withListing: JsonObject = {
      d: {
        class: 'Directory',
        location: 'file:///x/d',
        path: '/in/0/d',
        basename: 'd',
        listing: [{ class: 'File', location: 'file:///x/d/a', path: '/in/0/d/a', basename: 'a' }],
      },
    };
    const requirements = required({ InitialWorkDirRequirement: { listing: ['$(inputs.d.listing)'] } });
    const context = { requirements, evaluator: references(), inputs: withListing, runtime, outdir: '/out', cwlVersion: 'v1.2' as const };
    expect((await planInitialWorkDir(context)).inputs).toMatchObject({ d: { path: '/in/0/d', listing: [{ path: '/out/a' }] } });
    expect((await plan(['$(inputs.files)'])).inputs).toMatchObject({ files: [{ path: '/out/1' }, { path: '/out/2' }] });
  });
});

it('InplaceUpdateRequirement lets writable entries be the originals', async () => {
  const found = await entries([{ entry: '$(inputs.dir)', writable: true }, '$(inputs.files[0])'], {
    InplaceUpdateRequirement: { inplaceUpdate: true },
  });
  expect(found).toEqual([{ ...staged('d', 'd', true, 'directory'), inPlace: true }, staged('1', '1')]);
});
