import { describe, expect, it } from '@jest/globals';
import type { CwlType, Json } from '@runnel/cwl';
import { toInputObject } from './execute-inputs.ts';

const convert = (type: CwlType, value: Json): Json | undefined => toInputObject({ x: value }, { inputs: [{ id: 'x', type }] })['x'];
const list = (items: CwlType): CwlType => ({ type: 'array', items });

describe('toInputObject', () => {
  it.each<[string, CwlType, Json, Json]>([
    ['a link', 'File', { href: '/workspaces/demo/files/a', type: 'image/tiff' }, { class: 'File', location: '/workspaces/demo/files/a' }],
    ['a plain address', ['null', 'File'], 'files/a', { class: 'File', location: 'files/a' }],
    ['a link to a folder', 'Directory', { href: 'files/a/' }, { class: 'Directory', location: 'files/a/' }],
    ['a CWL object', 'File', { class: 'File', location: 'files/a', format: 'x' }, { class: 'File', location: 'files/a', format: 'x' }],
    ['text as a file', 'File', { value: 'abc', mediaType: 'text/plain' }, { class: 'File', basename: 'value.txt', contents: 'abc' }],
    ['JSON as a file', 'File', { value: { a: 1 } }, { class: 'File', basename: 'value.json', contents: '{"a":1}' }],
    ['bytes stay as they are, and are refused', 'File', { value: 'AAE=', encoding: 'base64' }, { value: 'AAE=', encoding: 'base64' }],
    [
      'links in a list',
      list('File'),
      [{ href: 'a' }, 'b'],
      [
        { class: 'File', location: 'a' },
        { class: 'File', location: 'b' },
      ],
    ],
    ['one link for a list', ['null', list('File')], { href: 'a' }, [{ class: 'File', location: 'a' }]],
    ['one value for a list', list('int'), 3, [3]],
    ['a value or a list', ['int', list('int')], 3, 3],
    ['no value for a list', ['null', list('int')], null, null],
    ['a qualified value', 'int', { value: 3 }, 3],
    ['a qualified list', list('int'), { value: [1, 2], schema: {} }, [1, 2]],
    ['a record that looks qualified', { type: 'record', fields: [{ name: 'value', type: 'int' }] }, { value: 3 }, { value: 3 }],
    ['what does not fit', 'int', { a: 1 }, { a: 1 }],
  ])('%s', (_name, type, value, expected) => {
    expect(convert(type, value)).toEqual(expected);
  });

  it('leaves unknown inputs to the check that refuses them', () => {
    expect(toInputObject({ y: { value: 1 } }, { inputs: [] })).toEqual({ y: { value: 1 } });
  });
});
