import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from '../model.ts';
import { compareCodePoints, interpolated, numberText, toText } from './json-text.ts';

describe('numberText', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [42, '42'],
    [0.1, '0.1'],
    [0.00001, '0.00001'],
    [0.0000123, '0.0000123'],
    [-1.5e-7, '-0.00000015'],
    [123000, '123000'],
    [1e21, '1000000000000000000000'],
    [1.25e22, '12500000000000000000000'],
    [-1e21, '-1000000000000000000000'],
  ])('%p is %s', (value, text) => expect(numberText(value)).toBe(text));

  it('never has an exponent and reads back as the same number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = numberText(value);
        expect(text).toMatch(/^-?[0-9]+(\.[0-9]+)?$/);
        expect(Number(text) === value).toBe(true);
      }),
    );
  });
});

describe('toText', () => {
  it('sorts keys at every level and keeps lists', () => {
    expect(toText({ b: [2, { d: 1, c: null }], a: 'x"y' })).toBe('{"a": "x\\"y", "b": [2, {"c": null, "d": 1}]}');
  });

  it('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(toText(value as Json))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

it('interpolated leaves strings as they are', () => {
  expect([interpolated('a "b"'), interpolated(null), interpolated([1, 'a'])]).toEqual(['a "b"', 'null', '[1, "a"]']);
});

it('compareCodePoints orders like the bytes of UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
      expect(Math.sign(compareCodePoints(a, b))).toBe(bytes);
    }),
  );
});
