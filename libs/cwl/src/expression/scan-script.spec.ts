import { describe, expect, it } from '@jest/globals';
import { endOfScript } from './scan-script.ts';

describe('endOfScript finds the closing bracket', () => {
  it.each([
    '(a)',
    '(f(1, (2)))',
    '("a)b")',
    "('it\\'s )')",
    '(`a) ${f(")")} b`)',
    '(a /* ) */ + b)',
    '(a // )\n)',
    '(/[)]\\)/.test(x))',
    '(x.replace(/["\']/g, ""))',
    '((a + b) / 2)',
    '(a[0] / b / c)',
    '{return "}";}',
    '{if (x) { return {a: 1}; }}',
    "{// don't stop\nreturn 1;}",
    '{return /}/.test(s)}',
    '{var s = `}`; return s;}',
    '(({a: 1})["a"])',
  ])('%s', (script) => {
    expect(endOfScript(`${script} and ) more } text`, 0)).toBe(script.length);
  });

  it.each(['(a', '("a)', '{ "}"', '(`a)', '(/* )', "('a\\')"])('says that %s is never closed', (script) => {
    expect(endOfScript(script, 0)).toBe(-1);
  });
});
