import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { runInNewContext } from 'node:vm';
import type { Json } from '../model.ts';
import type { ExpressionContext } from '../ports.ts';
import { readPlainScript } from './plain-script.ts';

const context: ExpressionContext = {
  inputs: { n: 3, text: 'ab', list: [1, 'x'], file: { class: 'File', size: 0 }, none: null, yes: true, big: 1e21 },
  self: 7,
  runtime: { cores: 2 },
};

const plain = (source: string, form: 'expression' | 'body' = 'expression') => readPlainScript(form, source)?.(context);

/** What V8 says of the same script; undefined where it is an error or no JSON. */
function asJavaScript(source: string): { value: Json } | undefined {
  try {
    const text = runInNewContext(`JSON.stringify((function () { 'use strict'; return (${source}\n); })())`, structuredClone(context)) as
      string | undefined;
    return { value: text === undefined ? null : (JSON.parse(text) as Json) };
  } catch {
    return undefined;
  }
}

describe('plain scripts', () => {
  it.each<[string, Json]>([
    ['self + 1', 8],
    ["inputs.n + '.txt'", '3.txt'],
    ['inputs.n * 2 - 1 / 4 % 3', 5.75],
    ['inputs.file.size === 0 && !inputs.none ? inputs["text"] : runtime.cores', 'ab'],
    ['inputs.list[inputs.list.length - 1]', 'x'],
    ['inputs.nothing', null],
    ['-inputs.file.size', 0],
    ['inputs.file', { class: 'File', size: 0 }],
    ['inputs.big + ""', '1e+21'],
  ])('%s', (source, value) => expect(plain(source)).toEqual({ value }));

  it.each([" return 'item-' + inputs.n;\n", "return 'item-' + inputs.n", "\nreturn('item-'+inputs.n) ;"])('body %j', (source) =>
    expect(plain(source, 'body')).toEqual({ value: 'item-3' }),
  );

  it.each(['return\n1;', 'return\u2028 1', 'var a = 1; return a;', 'returned', 'return', 'return 1; return 2'])(
    'is not the body %j',
    (source) => expect(plain(source, 'body')).toBeUndefined(),
  );

  it.each([
    ...[
      'inputs.text.concat("x")',
      '[1]',
      '{}',
      'n',
      'inputs.n == 3',
      '++self',
      'self++',
      'self + +1 + ++self',
      '2 ** 2',
      '01',
      '1e3',
      '0x1',
      '1 2',
    ],
    ...[
      'a // b',
      '1 /* x */ + 1',
      "'a\\n'",
      '`a`',
      'inputs?.n',
      'inputs.none ?? 1',
      '1 <!--2',
      '/a/',
      'self = 1',
      '(1',
      '1)',
      '',
      '1, 2',
      '"a',
      'é',
    ],
    ...[
      'inputs.none.x',
      'inputs.nothing.x',
      'inputs.constructor',
      'inputs.text.at',
      'inputs.list + 1',
      'inputs === inputs',
      '1 / 0',
      'self.x',
      'this',
    ],
  ])('leaves %s to the sandbox', (source) => expect(plain(source)).toBeUndefined());

  it('give what JavaScript gives, whatever is put together', () => {
    const leaf = fc.constantFrom(
      'self',
      'inputs.n',
      'inputs.text',
      'inputs.none',
      'inputs.yes',
      'inputs.nothing',
      'inputs.file',
      '2',
      '0.5',
      "'x'",
      '""',
      'null',
      'true',
      'undefined',
      'inputs.list[0]',
      'inputs.text[1]',
      'inputs.list.length',
    );
    const sign = fc.constantFrom('+', '-', '*', '/', '%', '<', '>', '<=', '>=', '===', '!==', '&&', '||');
    const { source } = fc.letrec<{ source: string }>((tie) => ({
      source: fc.oneof(
        { depthSize: 'medium', withCrossShrink: true },
        leaf,
        fc.tuple(tie('source'), sign, tie('source')).map(([left, between, right]) => `${left} ${between} ${right}`),
        tie('source').map((inner) => `(${inner})`),
        fc.tuple(fc.constantFrom('!', '-', '+'), leaf).map(([before, inner]) => `${before}${inner}`),
        fc.tuple(tie('source'), tie('source'), tie('source')).map(([test, yes, no]) => `(${test} ? ${yes} : ${no})`),
      ),
    }));
    let natively = 0;
    fc.assert(
      fc.property(source, (text) => {
        const found = plain(text);
        if (found === undefined) return;
        natively += 1;
        expect(found).toEqual(asJavaScript(text));
      }),
      { numRuns: 1000 },
    );
    expect(natively).toBeGreaterThan(300);
  });
});
