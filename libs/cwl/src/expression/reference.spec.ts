import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from '../model.ts';
import { parseReference, resolveReference } from './reference.ts';

const inputs: { [name: string]: Json } = {
  text: 'abc',
  n: 7,
  nothing: null,
  list: ['a', ['b']],
  rec: { 'a b': { c: 1 }, "it's": 2, 'say "hi"': 3, länge: 4, length: 5, 'back\\slash': 6 },
};

function resolve(source: string, scripted = false) {
  const reference = parseReference(source);
  return reference === undefined ? undefined : resolveReference(reference, { inputs, self: ['s'], runtime: { cores: 2 } }, scripted);
}

describe('a reference is resolved without JavaScript', () => {
  it.each<[string, Json]>([
    ['inputs', inputs],
    ['inputs.n', 7],
    ['inputs["text"]', 'abc'],
    ["inputs['rec']['a b'].c", 1],
    ["inputs.rec['it\\'s']", 2],
    ['inputs.rec["say \\"hi\\""]', 3],
    ['inputs.rec.länge', 4],
    ['inputs.rec.length', 5],
    ['inputs.rec["back\\\\slash"]', 6],
    ['inputs.list[1][0]', 'b'],
    ['inputs.list.length', 2],
    ['inputs.text[1]', 'b'],
    ['inputs.nothing', null],
    ['self[0]', 's'],
    ['runtime.cores', 2],
    ['null', null],
  ])('%s', (source, value) => expect(resolve(source)).toEqual({ value }));
});

describe('what is wrong is said', () => {
  it.each([
    ['inputs.missing', '`inputs` has no field "missing": it has text, n, nothing, list, rec'],
    ['inputs.nothing.x', '`inputs.nothing` is null and has no field "x"'],
    ['inputs.nothing[0]', '`inputs.nothing` is null, which has no [0]'],
    ['inputs.text.length', '`inputs.text` is a string and has no field "length"'],
    ['inputs.list[2]', '`inputs.list` has no [2]: its length is 2'],
    ['inputs.list.first', '`inputs.list` is an array and has no field "first"'],
    ['inputs.rec[0]', '`inputs.rec` is an object, which has no [0]'],
    ['inputs.toString', '`inputs` has no field "toString"'],
  ])('%s', (source, reason) => expect(resolve(source)).toEqual({ reason: expect.stringContaining(reason) }));
});

describe('where JavaScript is allowed, a reference gives what JavaScript would', () => {
  it.each([
    'inputs.missing',
    'inputs.text.length',
    'inputs.list[9]',
    'inputs.list.length',
    'inputs.text["1"]',
    'inputs.rec["a b"].c',
    'inputs.n.x',
    'self[0][0]',
    'inputs.rec["\\u0061 b"].c',
  ])('%s', (source) => {
    const value = runInNewContext(`(${source})`, { inputs, self: ['s'] }) as Json | undefined;
    expect(resolve(source, true)).toEqual({ value: value ?? null });
  });

  it('fields of null are errors, functions are no values', () => {
    expect(resolve('inputs.nothing.x', true)).toEqual({ reason: expect.stringContaining('is null') });
    expect(resolve('inputs.list.map', true)).toEqual({ reason: expect.stringContaining('is a function') });
    expect(resolve('inputs.constructor', true)).toEqual({ reason: expect.stringContaining('is a function') });
  });
});

it.each([
  'inputs.a + 1',
  'inputs.a-b',
  'inputs.f()',
  'foo.bar',
  'inputsx',
  'inputs .a',
  'inputs[a]',
  "inputs['a]",
  'inputs.',
  '',
  'null.x',
  'inputs$',
  'inputs["a" + "b"]',
])('%s is no parameter reference', (source) => expect(parseReference(source)).toBeUndefined());

it('any path through any value, written with quotes, is found again', () => {
  const quote = (key: string) =>
    key.length % 2 === 0 ? JSON.stringify(key) : `'${JSON.stringify(key).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.nat({ max: 5 })), { maxLength: 6 }), fc.jsonValue(), (keys, leaf) => {
      let value = leaf as Json;
      for (const key of [...keys].reverse())
        value = typeof key === 'number' ? [...Array<null>(key).fill(null), value] : Object.fromEntries([[key, value]]);
      const source = `self${keys.map((key) => `[${typeof key === 'number' ? key : quote(key)}]`).join('')}`;
      const reference = parseReference(source);
      expect(reference?.keys).toEqual(keys);
      expect(reference && resolveReference(reference, { inputs: {}, self: value }, false)).toEqual({ value: leaf });
    }),
  );
});
