import { describe, expect, it } from '@jest/globals';
import type { CwlType, InputParameter, Json } from '../model.ts';
import { bindInputs, stepInputs } from './bind-inputs.ts';

const bind = (inputs: InputParameter[], given: { [name: string]: Json }, strictUnknown = false) =>
  bindInputs({ id: 'main', inputs }, given, { strictUnknown });
const one = (type: CwlType, value: Json) => bind([{ id: 'x', type }], { x: value });
const file = { class: 'File', location: 'file:///a' };

describe('binding inputs', () => {
  it('applies a default to what is missing or null, not to what is merely falsy', () => {
    const inputs: InputParameter[] = ['a', 'b', 'c', 'd'].map((id) => ({ id, type: 'Any', default: 'preset' }));
    expect(bind(inputs, { b: null, c: 0, d: '' })).toEqual({ inputs: { a: 'preset', b: 'preset', c: 0, d: '' } });
  });

  it('makes missing optional values null, in records too', () => {
    const type: CwlType = {
      type: 'record',
      fields: [
        { name: 'left', type: 'int' },
        { name: 'right', type: ['null', 'int'] },
      ],
    };
    const inputs: InputParameter[] = [
      { id: 'a', type: ['null', 'string'] },
      { id: 'b', type: ['null', { type: 'array', items: type }] },
    ];
    expect(bind(inputs, { b: [{ left: 1 }] })).toEqual({ inputs: { a: null, b: [{ left: 1, right: null }] } });
  });

  it('leaves out what the process does not declare, or refuses it', () => {
    const inputs: InputParameter[] = [{ id: 'bands', type: 'string' }];
    expect(bind(inputs, { bands: 'x', other: 1 })).toEqual({ inputs: { bands: 'x' } });
    expect(bind(inputs, { bands: 'x', band: 1 }, true)).toMatchObject({
      diagnostics: [{ path: 'inputs.band', hint: 'did you mean "bands"?' }],
    });
  });

  it.each<[CwlType, Json]>([
    ['int', 2 ** 31 - 1],
    ['long', 2 ** 40],
    ['double', 1],
    ['float', 0.5],
    ['boolean', false],
    ['string', ''],
    ['Any', { a: [1] }],
    ['File', file],
    ['File', { class: 'File', contents: '' }],
    ['File', { ...file, secondaryFiles: [{ class: 'Directory', path: '/d' }] }],
    ['Directory', { class: 'Directory', listing: [] }],
    [{ type: 'enum', symbols: ['a'] }, 'a'],
    [{ type: 'array', items: 'int' }, []],
    [['null', 'int', 'string'], 'x'],
  ])('%j takes %j', (type, value) => expect(one(type, value)).toEqual({ inputs: { x: value } }));

  it.each<[CwlType, Json, string, string]>([
    ['int', 2 ** 31, 'inputs.x', 'out of the range of int (32 bits)'],
    ['int', 1.5, 'inputs.x', 'expected int, found the number 1.5'],
    ['int', '1', 'inputs.x', 'expected int, found the string "1"'],
    ['long', 2 ** 53, 'inputs.x', 'beyond 9007199254740991 lose digits'],
    ['long', 2 ** 63, 'inputs.x', 'out of the range of long (64 bits)'],
    ['string', 1, 'inputs.x', 'expected string, found the number 1'],
    ['Any', null, 'inputs.x', 'is required (Any), but it is null'],
    ['File', 'a.txt', 'inputs.x', 'expected File, found the string "a.txt"'],
    ['File', { class: 'Directory', path: '/d' }, 'inputs.x', 'expected File, found a Directory'],
    ['File', { class: 'File' }, 'inputs.x', 'one of location, path and contents'],
    ['File', { class: 'File', location: 3 }, 'inputs.x.location', 'expected string'],
    ['Directory', { class: 'Directory', listing: [{ class: 'File' }] }, 'inputs.x.listing[0]', 'one of location, path and contents'],
    [{ type: 'enum', symbols: ['a', 'b'] }, 'c', 'inputs.x', 'expected one of a, b, found the string "c"'],
    [{ type: 'array', items: 'int' }, [1, 'b'], 'inputs.x[1]', 'expected int, found the string "b"'],
    [['null', { type: 'array', items: 'int' }], [1, 'b'], 'inputs.x[1]', 'expected int'],
    [['null', 'int', 'File'], 'b', 'inputs.x', 'expected int or File or null, found the string "b"'],
    [{ type: 'record', fields: [{ name: 'left', type: 'int' }] }, {}, 'inputs.x.left', 'expected int, found nothing (null)'],
  ])('%j refuses %j', (type, value, path, message) => {
    expect(one(type, value)).toMatchObject({ diagnostics: [{ severity: 'error', path, message: expect.stringContaining(message) }] });
  });

  it('says which required inputs are missing, all of them', () => {
    const inputs: InputParameter[] = [
      { id: 'red', type: 'File' },
      { id: 'nir', type: 'File' },
    ];
    expect(bind(inputs, {})).toMatchObject({
      diagnostics: [{ path: 'inputs.red', message: 'the input "red" is required (File), but it is missing' }, { path: 'inputs.nir' }],
    });
  });

  it('tells ten faults of a long list, and how many more there are', () => {
    const bound = one(
      { type: 'array', items: 'int' },
      Array.from({ length: 5000 }, () => 'b'),
    );
    const messages = 'diagnostics' in bound ? bound.diagnostics.map(({ message }) => message) : [];
    expect(messages).toHaveLength(11);
    expect(messages[10]).toBe('the input "x" has 4990 more faults like these');
  });
});

describe('inputs of a step', () => {
  const process = (inputs: InputParameter[]) => ({ id: 'tool', inputs });

  it('are the defaults of the process where the step gives null or nothing', () => {
    const inputs: InputParameter[] = ['a', 'b', 'c'].map((id) => ({ id, type: 'string', default: 'preset' }));
    expect(stepInputs(process(inputs), { a: 'x', b: null })).toEqual({ a: 'x', b: 'preset', c: 'preset' });
  });

  it.each<[InputParameter[], { [name: string]: Json }, string]>([
    [[{ id: 'n', type: 'int' }], { n: 1.5 }, 'inputs.n: the input "n": expected int, found the number 1.5'],
    [
      [
        { id: 'n', type: 'int' },
        { id: 'm', type: 'Any' },
      ],
      { n: null },
      'inputs: the input "n" is required (int), but it is null; the input "m" is required (Any), but it is missing',
    ],
  ])('are of the types of the process: %j does not take %j', (inputs, given, message) => {
    expect(() => stepInputs(process(inputs), given)).toThrow(message);
  });
});
