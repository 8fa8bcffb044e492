import { describe, expect, it } from '@jest/globals';
import { givenFiles, references, required } from '../given.fixture.ts';
import type { CwlType, CwlVersion, InputParameter, Json, JsonObject, Requirement } from '../model.ts';
import type { EvaluateJavaScript } from '../ports.ts';
import { completeInputs, loadForStep } from './complete-inputs.ts';
import { applyPattern } from './secondary-files.ts';

const files = givenFiles({
  'file:///d/a.bam': 'bam',
  'file:///d/a.bam.bai': 'bai',
  'file:///d/a.idx/x': '1',
  'file:///d/big': 'x'.repeat(70_000),
  'file:///d/dir/one.txt': '1',
  'file:///d/dir/sub/two.txt': '22',
  'file:///d/dir/link': { link: 'file:///d/dir/sub' },
});
const bam = { class: 'File', location: 'file:///d/a.bam' };
const dir = { class: 'Directory', location: 'file:///d/dir' };

interface Given {
  discover?: boolean;
  cwlVersion?: CwlVersion;
  classes?: { [name: string]: Omit<Requirement, 'class'> };
  evaluate?: EvaluateJavaScript;
}

async function complete(
  parameter: Partial<InputParameter> & { type: CwlType },
  value: Json | undefined,
  given: Given = {},
): Promise<Json | undefined> {
  const { discover = true, cwlVersion = 'v1.2', classes = {}, evaluate } = given;
  const inputs: JsonObject = value === undefined ? {} : { x: value };
  const completed = await completeInputs(inputs, {
    parameters: [{ id: 'x', ...parameter }],
    cwlVersion,
    requirements: required(classes),
    evaluator: references(cwlVersion, evaluate),
    files,
    discoverSecondaryFiles: discover,
  });
  return completed['x'];
}

describe('completeInputs', () => {
  it('knows names and sizes', async () => {
    expect(await complete({ type: 'File' }, bam)).toEqual({ ...bam, basename: 'a.bam', nameroot: 'a', nameext: '.bam', size: 3 });
    expect(await complete({ type: 'File' }, { class: 'File', basename: 'l', contents: 'äb' })).toMatchObject({ size: 3, nameroot: 'l' });
  });
  it('knows the sizes of what is carried along', async () => {
    const listing = [bam, { class: 'Directory', basename: 'e', listing: [bam] }];
    expect(await complete({ type: 'Directory' }, { class: 'Directory', basename: 'd', listing })).toMatchObject({
      listing: [{ size: 3 }, { listing: [{ size: 3 }] }],
    });
    expect(await complete({ type: 'File', secondaryFiles: [{ pattern: '.bai' }] }, bam)).toMatchObject({ secondaryFiles: [{ size: 3 }] });
  });
  it('gives literals a name', async () => {
    expect(await complete({ type: 'File' }, { class: 'File', contents: 'x' })).toMatchObject({ basename: 'x-1', nameroot: 'x-1' });
  });
  it('a missing input is null, an undeclared one is left away', async () => {
    expect(await complete({ type: ['null', 'int'] }, undefined)).toBeNull();
    const context = {
      parameters: [],
      cwlVersion: 'v1.2' as const,
      requirements: required(),
      evaluator: references(),
      files,
      discoverSecondaryFiles: false,
    };
    expect(await completeInputs({ y: 1 }, context)).toEqual({});
  });
  it('loads contents, in lists and records, too', async () => {
    expect(await complete({ type: 'File', loadContents: true }, bam)).toMatchObject({ contents: 'bam' });
    expect(await complete({ type: 'File', inputBinding: { loadContents: true } }, bam)).toMatchObject({ contents: 'bam' });
    expect(await complete({ type: { type: 'array', items: 'File' }, loadContents: true }, [bam])).toMatchObject([{ contents: 'bam' }]);
    const record: CwlType = {
      type: 'record',
      fields: [
        { name: 'f', type: ['null', 'File'], loadContents: true },
        { name: 'g', type: 'File' },
      ],
    };
    expect(await complete({ type: record }, { f: bam, g: bam })).toMatchObject({
      f: { contents: 'bam' },
      g: expect.not.objectContaining({ contents: 'bam' }),
    });
  });
  it('but not more than 64 KiB of it', async () => {
    const big = { class: 'File', location: 'file:///d/big' };
    await expect(complete({ type: 'File', loadContents: true }, big)).rejects.toThrow(
      'inputs.x: loadContents: big has 70000 bytes, more than the limit of 64 KiB',
    );
    expect(await complete({ type: 'File', loadContents: true }, big, { cwlVersion: 'v1.0' })).toMatchObject({
      contents: 'x'.repeat(65_536),
    });
    await expect(complete({ type: 'File', loadContents: true }, { class: 'File', location: 'file:///d/no' })).rejects.toThrow(
      'does not exist',
    );
  });
});

describe('secondary files of inputs', () => {
  const withBai = { type: 'File' as const, secondaryFiles: [{ pattern: '.bai' }] };
  const bai = { class: 'File', location: 'file:///d/a.bam.bai', basename: 'a.bam.bai' };

  it('are found beside the primary file where they may be looked for', async () => {
    expect(await complete(withBai, bam)).toMatchObject({ secondaryFiles: [{ ...bai }] });
    expect(await complete({ type: 'File', secondaryFiles: [{ pattern: '^.idx' }] }, bam)).toMatchObject({
      secondaryFiles: [{ class: 'Directory', basename: 'a.idx' }],
    });
    await expect(complete(withBai, bam, { discover: false })).rejects.toThrow(
      'inputs.x.secondaryFiles[0]: the required secondary file a.bam.bai of a.bam is missing',
    );
  });
  it('that the value brings along count, wherever they are', async () => {
    const value = { ...bam, secondaryFiles: [{ class: 'File', location: 'file:///elsewhere/a.bam.bai' }] };
    expect(await complete(withBai, value, { discover: false })).toMatchObject({
      secondaryFiles: [{ location: 'file:///elsewhere/a.bam.bai' }],
    });
  });
  it.each([false, '$(null)', '$(inputs.x.none)'])('are not missed when required is %p', async (required_) => {
    expect(
      await complete({ type: 'File', secondaryFiles: [{ pattern: '.none', required: required_ }] }, bam, {
        evaluate: () => Promise.resolve(null),
      }),
    ).toMatchObject({ secondaryFiles: [] });
  });
  it.each<[string, Json, unknown[]]>([
    ['a name', 'a.bam.bai', [{ basename: 'a.bam.bai', class: 'File' }]],
    ['names', ['a.bam.bai', 'a.idx'], [{ class: 'File' }, { class: 'Directory' }]],
    ['a File', { class: 'File', location: 'file:///d/big', basename: 'renamed' }, [{ location: 'file:///d/big', basename: 'renamed' }]],
    ['null', null, []],
    ['the same twice', ['a.bam.bai', 'a.bam.bai'], [{ basename: 'a.bam.bai' }]],
  ])('an expression may give %s', async (_name, result, expected) => {
    expect(
      await complete({ type: 'File', secondaryFiles: [{ pattern: '${ f(); }' }] }, bam, { evaluate: () => Promise.resolve(result) }),
    ).toMatchObject({ secondaryFiles: expected });
  });
  it('anything else it gives is refused', async () => {
    await expect(
      complete({ type: 'File', secondaryFiles: [{ pattern: '${ f(); }' }] }, bam, { evaluate: () => Promise.resolve([1]) }),
    ).rejects.toThrow('must give names, File or Directory objects, not the number 1');
  });
  it('expressions see the file and the inputs', async () => {
    expect(
      await complete({ type: 'File', secondaryFiles: [{ pattern: '$(self.basename).bai' }, { pattern: '$(inputs.x.nameroot).idx' }] }, bam),
    ).toMatchObject({ secondaryFiles: [{ basename: 'a.bam.bai' }, { basename: 'a.idx' }] });
  });
  it.each([
    ['a.bam', '.bai', 'a.bam.bai'],
    ['a.bam', '^.bai', 'a.bai'],
    ['a.tar.gz', '^^.x', 'a.x'],
    ['a', '^^.x', 'a.x'],
    ['a.bam', '^', 'a'],
  ])('%s with %s is %s', (basename, pattern, name) => expect(applyPattern(basename, pattern)).toBe(name));
});

describe('listings of inputs', () => {
  const shown = (value: Json | undefined) =>
    JSON.stringify((value as JsonObject)['listing'] ?? null, ['class', 'basename', 'location', 'listing']);
  const one = '{"class":"File","basename":"one.txt","location":"file:///d/dir/one.txt"}';
  const sub = '"class":"Directory","basename":"sub","location":"file:///d/dir/sub"';
  const link = '{"class":"Directory","basename":"link","location":"file:///d/dir/link"';
  const two = '{"class":"File","basename":"two.txt","location":"file:///d/dir/sub/two.txt"}';

  it('are not loaded by default, but were in v1.0', async () => {
    expect(shown(await complete({ type: 'Directory' }, dir))).toBe('null');
    expect(shown(await complete({ type: 'Directory' }, dir, { cwlVersion: 'v1.0' }))).toBe(
      `[${link},"listing":[]},${one},{${sub},"listing":[${two}]}]`,
    );
  });
  it('are loaded as the parameter or the requirement says', async () => {
    expect(shown(await complete({ type: 'Directory', loadListing: 'shallow_listing' }, dir))).toBe(`[${link}},${one},{${sub}}]`);
    expect(
      shown(await complete({ type: 'Directory' }, dir, { classes: { LoadListingRequirement: { loadListing: 'shallow_listing' } } })),
    ).toBe(`[${link}},${one},{${sub}}]`);
    expect(
      shown(
        await complete({ type: 'Directory', loadListing: 'no_listing' }, dir, {
          classes: { LoadListingRequirement: { loadListing: 'deep_listing' } },
        }),
      ),
    ).toBe('null');
  });
});

it('step inputs load contents and listings into everything they carry', async () => {
  const value = { files: [bam], dir };
  expect(await loadForStep(value, { contents: true, listing: 'shallow_listing' }, files, 'v1.2', 'steps.s.in.x')).toMatchObject({
    files: [{ contents: 'bam' }],
    dir: { listing: [{}, { basename: 'one.txt' }, {}] },
  });
});
