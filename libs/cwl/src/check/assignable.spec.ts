import { describe, expect, it } from '@jest/globals';
import type { CwlType } from '../model.ts';
import { assignability, type Assignability } from './assignable.ts';
import { mergedType } from './link-types.ts';
import { showType } from './show-type.ts';

const list = (items: CwlType): CwlType => ({ type: 'array', items });
const record = (fields: { [name: string]: CwlType }): CwlType => ({
  type: 'record',
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
});
const choice = (...symbols: string[]): CwlType => ({ type: 'enum', symbols });

describe('what fits where', () => {
  it.each<[CwlType, CwlType, Assignability]>([
    ['File', 'File', 'always'],
    ['File', 'Directory', 'never'],
    ['File', 'Any', 'always'],
    ['null', 'Any', 'never'],
    ['Any', 'File', 'sometimes'],
    ['int', 'double', 'always'],
    ['long', 'int', 'sometimes'],
    ['double', 'int', 'sometimes'],
    ['double', 'float', 'always'],
    ['int', 'string', 'never'],
    [['null', 'string'], 'string', 'sometimes'],
    [['null', 'string'], ['null', 'string'], 'always'],
    [['null', 'string'], ['null', 'File'], 'never'],
    ['string', ['null', 'string'], 'always'],
    ['null', ['null', 'string'], 'always'],
    ['null', 'string', 'never'],
    [['int', 'File'], 'File', 'sometimes'],
    ['File', list('File'), 'never'],
    [list('File'), 'File', 'never'],
    [list('int'), list('double'), 'always'],
    [list('int'), list('File'), 'never'],
    [list(['null', 'File']), list('File'), 'sometimes'],
    [choice('a'), choice('a', 'b'), 'always'],
    [choice('a', 'c'), choice('a', 'b'), 'sometimes'],
    [choice('c'), choice('a', 'b'), 'never'],
    [choice('c'), 'string', 'always'],
    ['string', choice('c'), 'sometimes'],
    [record({ a: 'int', b: 'File' }), record({ a: 'long' }), 'always'],
    [record({ a: 'int' }), record({ a: 'int', b: ['null', 'int'] }), 'always'],
    [record({ a: 'int' }), record({ a: 'int', b: 'int' }), 'never'],
    [record({ a: 'File' }), record({ a: 'int' }), 'never'],
  ])('%j as %j: %s', (source, sink, expected) => expect(assignability(source, sink)).toBe(expected));
});

describe('how sources come together', () => {
  const one = { isList: true, count: 1 };
  const two = { isList: true, count: 2 };
  it.each<[string, CwlType, CwlType]>([
    ['a single source', 'File', mergedType('File', { isList: false, count: 1 })],
    ['a list of one without linkMerge', 'File', mergedType('File', one)],
    ['a list of one with merge_nested', list('File'), mergedType('File', { ...one, linkMerge: 'merge_nested' })],
    ['several sources', list('File'), mergedType('File', two)],
    ['several lists', list(list('File')), mergedType(list('File'), two)],
    ['several lists, flattened', list('File'), mergedType(list('File'), { ...two, linkMerge: 'merge_flattened' })],
    [
      'lists and single ones, flattened',
      list(['File', 'null']),
      mergedType([list('File'), 'null'], { ...two, linkMerge: 'merge_flattened' }),
    ],
    ['the first of several', 'string', mergedType(['null', 'string'], { ...two, pickValue: 'first_non_null' })],
    ['all of several', list('string'), mergedType(['null', 'string'], { ...two, pickValue: 'all_non_null' })],
    ['all of one source', list('string'), mergedType(['null', 'string'], { ...one, pickValue: 'all_non_null' })],
    [
      'all of one scattered source that may be missing',
      list('string'),
      mergedType(['null', list(['null', 'string'])], { ...one, pickValue: 'all_non_null' }),
    ],
    ['all of anything', 'Any', mergedType('Any', { ...one, pickValue: 'all_non_null' })],
    ['all of one scattered source', list('string'), mergedType(list(['null', 'string']), { ...one, pickValue: 'all_non_null' })],
  ])('%s', (_, expected, found) => expect(found).toEqual(expected));
});

describe('types in messages', () => {
  it.each<[CwlType, string]>([
    [['null', list('File')], 'File[]?'],
    [list(['null', 'File']), '(File?)[]'],
    [list(['int', 'File']), '(int or File)[]'],
    [['null', 'int', 'File'], 'int or File or null'],
    [choice('a', 'b'), 'one of a, b'],
    [record({ a: 'int', b: 'int' }), 'record of a, b'],
    [{ type: 'record', name: 'Pair', fields: [] }, 'Pair'],
  ])('%j reads %s', (type, text) => expect(showType(type)).toBe(text));
});
