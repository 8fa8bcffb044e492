import { describe, expect, it } from '@jest/globals';
import type { Json } from '@runnel/cwl';
import { decodeBits, encodeBits } from './bits.ts';
import { chunks, containsReference, elementOf, isPlain, listLength, nest, nullness, resolveValue, stored } from './values.ts';

const objects: { [key: string]: Json } = {
  list: [1, [2, 3], { out: 'x' }],
  c0: [{ out: 1 }, { out: 2 }, { out: { $stored: { key: 'list', index: 1 } } }],
  c1: [{ out: 4 }, { out: null }],
};
const read = async (key: string): Promise<Json> => {
  const found = objects[key];
  if (found === undefined) throw new Error(`no object ${key}`);
  return found;
};
const five = chunks({ keys: ['c0', 'c1'], size: 3, offset: 0, output: 'out', shape: [5] });

describe('resolveValue', () => {
  it.each<[string, Json, Json]>([
    ['plain values as they are', { a: [1, null, 'x'] }, { a: [1, null, 'x'] }],
    ['a stored value', stored({ key: 'list', length: 3 }), objects['list'] ?? null],
    ['an element of a stored list', stored({ key: 'list', index: 1 }), [2, 3]],
    ['a field of an element', stored({ key: 'list', index: 2, output: 'out' }), 'x'],
    ['a field that the element lacks as null', stored({ key: 'list', index: 2, output: 'gone' }), null],
    ['references inside of lists and objects', { a: [stored({ key: 'list', index: 0 })] }, { a: [1] }],
    ['chunks, with references inside', five, [1, 2, [2, 3], 4, null]],
    ['a part of chunks', chunks({ keys: ['c0', 'c1'], size: 3, offset: 2, output: 'out', shape: [2] }), [[2, 3], 4]],
    [
      'chunks with a shape',
      chunks({ keys: ['c0', 'c1'], size: 3, offset: 1, output: 'out', shape: [2, 2] }),
      [
        [2, [2, 3]],
        [4, null],
      ],
    ],
  ])('gives %s', async (_name, value, expected) => {
    expect(await resolveValue(value, read)).toEqual(expected);
  });

  it('says what an object lacks', async () => {
    await expect(resolveValue(stored({ key: 'list', index: 7 }), read)).rejects.toThrow('object list has no entry 7');
    await expect(resolveValue(stored({ key: 'nothing' }), read)).rejects.toThrow('no object nothing');
  });
});

describe('references', () => {
  it('are found anywhere in a value', () => {
    expect([1, null, 'x', { a: [{ b: 1 }] }].map(containsReference)).toEqual([false, false, false, false]);
    expect([five, { a: [{ b: stored({ key: 'k' }) }] }].map(containsReference)).toEqual([true, true]);
  });

  it('are plain where they name no file and nothing that is stored', () => {
    expect([null, 1, ['a', { b: [true] }]].map(isPlain)).toEqual([true, true, true]);
    const file = { class: 'File', location: 'runnel:a' };
    expect([file, [1, { a: [file] }], { class: 'Directory', listing: [] }, [stored({ key: 'k' })]].map(isPlain)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it('know their length, or that it is unknown', () => {
    const list = [[1, 2], five, stored({ key: 'k', length: 7 }), stored({ key: 'k', index: 1 }), { a: 1 }, null];
    expect(list.map(listLength)).toEqual([2, 5, 7, 'unknown', 'none', 'none']);
  });

  it('know whether they are null: only an element of a stored list may be', () => {
    const list = [null, 0, five, stored({ key: 'k' }), stored({ key: 'k', index: 1 })];
    expect(list.map(nullness)).toEqual(['null', 'value', 'value', 'value', 'unknown']);
  });

  it('give their elements as references', async () => {
    expect(elementOf(stored({ key: 'list', length: 3 }), 1)).toEqual(stored({ key: 'list', index: 1 }));
    expect(await Promise.all([0, 1, 2, 3, 4].map((index) => resolveValue(elementOf(five, index), read)))).toEqual([1, 2, [2, 3], 4, null]);
    expect(() => elementOf(stored({ key: 'k', index: 0 }), 1)).toThrow('known length');
  });
});

describe('nest', () => {
  it.each([
    [
      [1, 2, 3, 4],
      [2, 2],
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [[], [2, 0], [[], []]],
    [[], [0, 2], []],
    [[1, 2], [1, 2, 1], [[[1], [2]]]],
  ])('%j by %j is %j', (flat, shape, expected) => {
    expect(nest(flat, shape)).toEqual(expected);
  });
});

describe('bits', () => {
  it.each([0, 1, 2, 3, 4, 125])('come back from text: %i bytes', (length) => {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 37) & 255);
    expect(decodeBits(encodeBits(bytes))).toEqual(bytes);
  });
});
