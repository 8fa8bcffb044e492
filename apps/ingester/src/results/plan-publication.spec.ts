import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '@runnel/cwl';
import { OutputsRefused } from './outputs-refused.ts';
import { planPublication } from './plan-publication.ts';

const run = '01936d2e-7c1a-7000-8000-000000000001';
const hash = 'a'.repeat(64);
const file = (basename: string, more: JsonObject = {}): JsonObject => ({
  class: 'File',
  location: `runnel:demo/objects/${hash}`,
  basename,
  size: 3,
  checksum: 'sha1$1',
  ...more,
});
const directory = (basename: string, ...listing: JsonObject[]): JsonObject => ({ class: 'Directory', basename, listing });
const targets = (outputs: JsonObject) =>
  planPublication('demo', run, outputs).files.map(({ target }) => target.replace(`demo/results/${run}/`, ''));

describe('plan of a publication', () => {
  it('keeps names and says where everything stands', () => {
    const { outputs } = planPublication('demo', run, { mean: 0.5, picture: file('quicklook.png') });
    expect(outputs).toEqual({
      mean: 0.5,
      picture: {
        class: 'File',
        location: `runnel:demo/results/${run}/quicklook.png`,
        basename: 'quicklook.png',
        mediaType: 'image/png',
        size: 3,
        checksum: 'sha1$1',
      },
    });
  });

  it('takes the media type from a format at IANA', () => {
    const { outputs } = planPublication('demo', run, {
      out: file('x.bin', { format: 'https://www.iana.org/assignments/media-types/image/tiff' }),
    });
    expect(outputs['out']).toMatchObject({ mediaType: 'image/tiff', format: 'https://www.iana.org/assignments/media-types/image/tiff' });
  });

  it('gives each of several files of one name a place of its own', () => {
    expect(targets({ all: [file('out.txt'), file('out.txt'), file('out.txt'), file('out.txt')], one: file('out.txt') })).toEqual([
      'out.txt',
      'all/out.txt',
      'all/2/out.txt',
      'all/3/out.txt',
      'one/out.txt',
    ]);
  });

  it('never puts a file where a folder is needed, or the other way round', () => {
    expect(targets({ all: [file('a'), file('all'), file('a')] })).toEqual(['a', 'all', 'all_2/a']);
  });

  it('leaves the name of the result document free', () => {
    expect(targets({ out: file('results.json') })).toEqual(['out/results.json']);
  });

  it('keeps secondary files beside their file', () => {
    const withIndex = file('a.bam', { secondaryFiles: [file('a.bam.bai')] });
    expect(targets({ one: withIndex, two: withIndex })).toEqual(['a.bam', 'a.bam.bai', 'two/a.bam', 'two/a.bam.bai']);
    expect(planPublication('demo', run, { two: withIndex }).outputs['two']).toMatchObject({
      secondaryFiles: [{ location: `runnel:demo/results/${run}/a.bam.bai` }],
    });
  });

  it('keeps the paths in a directory', () => {
    const plan = planPublication('demo', run, {
      catalogue: directory('stac', file('catalog.json'), directory('item', file('item.json'), directory('empty'))),
    });
    expect(plan.files.map(({ target }) => target)).toEqual([
      `demo/results/${run}/stac/catalog.json`,
      `demo/results/${run}/stac/item/item.json`,
    ]);
    expect([...(plan.directories[0]?.files.keys() ?? [])]).toEqual(['catalog.json', 'item/item.json']);
    expect(plan.outputs['catalogue']).toMatchObject({
      class: 'Directory',
      location: `runnel:demo/results/${run}/stac/`,
      listing: [
        { basename: 'catalog.json' },
        { basename: 'item', listing: [{ basename: 'item.json' }, { basename: 'empty', listing: [] }] },
      ],
    });
  });

  it('finds files in lists and records', () => {
    expect(targets({ out: { first: [file('a')], second: { deep: file('b') } } })).toEqual(['a', 'b']);
  });

  it('publishes file literals', () => {
    const plan = planPublication('demo', run, { out: { class: 'File', basename: 'a.txt', contents: 'hello' } });
    expect(plan.files[0]?.source).toEqual({ contents: 'hello' });
    expect(plan.outputs['out']).not.toHaveProperty('contents');
  });

  it.each<[string, JsonObject]>([
    ['a name that is a path', file('../../other/run')],
    ['a name that is no name', file('..')],
    ['a name with a control character', file('a\nb')],
    ['a name that is too long', file('x'.repeat(300))],
    ['no name', { class: 'File', location: `runnel:demo/objects/${hash}` }],
    ['no content', { class: 'File', basename: 'a' }],
    ['an address elsewhere', file('a', { location: 'file:///etc/passwd' })],
    ['a directory whose name is a path', directory('a/b')],
    ['two entries of one name in a directory', directory('d', file('a'), file('a'))],
    ['a secondary file of the same name', file('a', { secondaryFiles: [file('a')] })],
  ])('refuses a file with %s', (_, value) => {
    expect(() => planPublication('demo', run, { out: value })).toThrow(OutputsRefused);
  });

  it('places thousands of files of one name', () => {
    const all = Array.from({ length: 20_000 }, () => file('out.txt'));
    expect(new Set(targets({ all })).size).toBe(20_000);
  });
});
