import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../model.ts';
import { stageInputs } from './staging.ts';

const stage = (inputs: JsonObject, resident?: (location: string) => string | undefined) =>
  stageInputs(inputs, { directory: '/in', ...(resident !== undefined && { resident }) });
const file = (location: string, more: JsonObject = {}) => ({ class: 'File', location, ...more });

describe('stageInputs', () => {
  it('gives each file a folder, so that equal names do not collide', () => {
    const { entries, inputs } = stage({ a: file('file:///x/f.txt'), b: file('file:///y/f.txt'), n: 1 });
    expect(entries).toEqual([
      { kind: 'file', source: 'file:///x/f.txt', target: '/in/0/f.txt', writable: false },
      { kind: 'file', source: 'file:///y/f.txt', target: '/in/1/f.txt', writable: false },
    ]);
    expect(inputs).toMatchObject({
      a: { path: '/in/0/f.txt', dirname: '/in/0', basename: 'f.txt', nameroot: 'f', nameext: '.txt' },
      b: { path: '/in/1/f.txt' },
      n: 1,
    });
  });

  it('stages the same file once', () => {
    const { entries, inputs } = stage({ a: file('file:///x/f'), list: [file('file:///x/f'), file('file:///x/f', { basename: 'g' })] });
    expect(entries.map(({ target }) => target)).toEqual(['/in/0/f', '/in/1/g']);
    expect(inputs).toMatchObject({ list: [{ path: '/in/0/f' }, { path: '/in/1/g' }] });
  });

  it('puts secondary files beside the primary one, also from elsewhere', () => {
    const { entries, inputs } = stage({
      a: file('file:///x/f.bam', { secondaryFiles: [file('file:///y/z/f.bai'), { class: 'Directory', location: 'file:///d' }] }),
    });
    expect(entries.map(({ target }) => target)).toEqual(['/in/0/f.bam', '/in/0/f.bai', '/in/0/d']);
    expect(inputs).toMatchObject({ a: { secondaryFiles: [{ path: '/in/0/f.bai' }, { path: '/in/0/d' }] } });
  });

  it('refuses two different files of one name in one folder', () => {
    expect(() => stage({ a: file('file:///x/f', { secondaryFiles: [file('file:///y/f')] }) })).toThrow(
      'inputs: two different files would be staged as /in/0/f',
    );
  });

  it('makes literals', () => {
    const tree = {
      class: 'Directory',
      basename: 'd',
      listing: [
        { class: 'File', basename: 'a', contents: '' },
        { class: 'Directory', basename: 'e', listing: [file('file:///x/f', { basename: 'g' })] },
      ],
    };
    const { entries, inputs } = stage({ tree });
    expect(entries).toEqual([
      { kind: 'empty-directory', target: '/in/0/d', writable: false },
      { kind: 'literal', contents: '', target: '/in/0/d/a', writable: false },
      { kind: 'empty-directory', target: '/in/0/d/e', writable: false },
      { kind: 'file', source: 'file:///x/f', target: '/in/0/d/e/g', writable: false },
    ]);
    expect(inputs).toMatchObject({ tree: { path: '/in/0/d', listing: [{ path: '/in/0/d/a' }, { listing: [{ path: '/in/0/d/e/g' }] }] } });
  });

  it('stages a directory as one, and knows where its listing stands', () => {
    const { entries, inputs } = stage({ d: { class: 'Directory', location: 'file:///x/d', listing: [file('file:///x/d/f')] } });
    expect(entries).toEqual([{ kind: 'directory', source: 'file:///x/d', target: '/in/0/d', writable: false }]);
    expect(inputs).toMatchObject({ d: { listing: [{ path: '/in/0/d/f' }] } });
  });

  it('decodes names from locations, and keeps what the user calls a file', () => {
    const { inputs } = stage({
      a: file('file:///x/a%20b%23c.txt'),
      b: file('https://h/p/q.tif?sig=1'),
      c: file('file:///x/f', { basename: 'other name' }),
    });
    expect(inputs).toMatchObject({ a: { path: '/in/0/a b#c.txt' }, b: { path: '/in/1/q.tif' }, c: { path: '/in/2/other name' } });
  });

  it.each([
    [{ class: 'File', contents: 'x' }, 'a File literal needs a basename'],
    [{ class: 'File', contents: 'x', basename: '../x' }, '../x is no basename'],
    [{ class: 'File', basename: 'x' }, 'a File needs a location, or contents'],
    [{ class: 'Directory', basename: 'x' }, 'a Directory needs a location, or a listing'],
  ])('refuses %j', (value, reason) => expect(() => stage({ a: value })).toThrow(`inputs.a: ${reason}`));

  describe('files that can be used where they stand', () => {
    const resident = (location: string) => (location.startsWith('file://') ? location.slice('file://'.length) : undefined);

    it('are not staged', () => {
      const { entries, inputs } = stage({ a: file('file:///x/f', { secondaryFiles: [file('file:///x/f.i')] }) }, resident);
      expect(entries).toEqual([]);
      expect(inputs).toMatchObject({ a: { path: '/x/f', dirname: '/x', secondaryFiles: [{ path: '/x/f.i' }] } });
    });

    it.each([
      ['another name', file('file:///x/f', { basename: 'g' })],
      ['a secondary file elsewhere', file('file:///x/f', { secondaryFiles: [file('file:///y/f.i')] })],
      ['a remote secondary file', file('file:///x/f', { secondaryFiles: [file('https://h/f.i')] })],
      ['a literal', { class: 'File', basename: 'f', contents: '' }],
    ])('but %s has to be', (_name, value) => expect(stage({ a: value }, resident).entries).not.toEqual([]));
  });
});
