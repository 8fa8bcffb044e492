import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_LIMITS } from './limits.ts';
import { parseSource } from './parse-source.ts';
import { createSourceMap } from './source-map.ts';

const uri = 'file:///x.cwl';

function parse(text: string, limits = DEFAULT_LIMITS) {
  const map = createSourceMap();
  return { ...parseSource(text, uri, map, limits), map };
}

function valueOf(text: string): unknown {
  const parsed = parse(text);
  if ('diagnostic' in parsed) throw new Error(parsed.diagnostic.message);
  return parsed.value;
}

function diagnosticOf(text: string, limits = DEFAULT_LIMITS) {
  const parsed = parse(text, limits);
  if ('value' in parsed) throw new Error('expected a fault');
  return parsed.diagnostic;
}

describe('reading YAML and JSON', () => {
  it('reads any JSON as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(valueOf(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]:,"\'&*a-? \n\t|>!#%\\0'.split('')), maxLength: 60 }), (text) => {
        const parsed = parse(text);
        expect('value' in parsed || parsed.diagnostic.severity === 'error').toBe(true);
      }),
    );
  });

  it('knows the place of keys and items in YAML', () => {
    const { map, ...parsed } = parse('a: 1\nlist:\n  - x\n  -   y: 2\n');
    const root = ('value' in parsed ? parsed.value : undefined) as { list: [string, object] };
    expect(map.position(root, 'list')).toEqual({ file: uri, line: 2, column: 1 });
    expect(map.position(root.list, '0')).toEqual({ file: uri, line: 3, column: 5 });
    expect(map.position(root.list[1], 'y')).toEqual({ file: uri, line: 4, column: 7 });
  });

  it('knows the place of keys and items in JSON', () => {
    const { map, ...parsed } = parse('{\n "a": 1,\n "list": ["x",\n  {"y": 2}]\n}');
    const root = ('value' in parsed ? parsed.value : undefined) as { list: [string, object] };
    expect(map.position(root, 'list')).toEqual({ file: uri, line: 3, column: 2 });
    expect(map.position(root.list, '1')).toEqual({ file: uri, line: 4, column: 3 });
    expect(map.position(root.list[1], 'y')).toEqual({ file: uri, line: 4, column: 4 });
  });

  it('reads flow maps of YAML that are no JSON', () => {
    expect(valueOf('{class: File, "path": x, }')).toEqual({ class: 'File', path: 'x' });
  });

  it('keeps words that older YAML takes for truth values, numbers in octal or dates', () => {
    expect(valueOf('a: yes\nb: on\nc: 2020-01-01\nd: 017\n')).toEqual({ a: 'yes', b: 'on', c: '2020-01-01', d: 17 });
  });

  it('resolves anchors, aliases and merge keys', () => {
    expect(valueOf('base: &b {x: 1, y: 2}\nmade:\n  <<: *b\n  y: 3\nsame: *b\n')).toEqual({
      base: { x: 1, y: 2 },
      made: { y: 3, x: 1 },
      same: { x: 1, y: 2 },
    });
  });

  it('takes no key for the prototype', () => {
    const value = valueOf('{"__proto__": {"polluted": true}}') as { polluted?: boolean };
    expect(value.polluted).toBeUndefined();
    expect(Object.keys(value)).toEqual(['__proto__']);
  });

  it.each([
    ['a: 1\na: 2\n', 2, 'twice'],
    ['{"a": 1,\n "a": 2}', 2, 'twice'],
    ['a: [1, 2\nb: 3\n', 2, 'not valid YAML or JSON'],
    ['a: *nowhere\n', 1, 'nowhere'],
    ['a: &x [*x]\n', 1, 'inside of its own anchor'],
    ['? [1, 2]\n: 3\n', 1, 'plain text as key'],
  ])('%j has a fault in line %d', (text, line, message) => {
    const diagnostic = diagnosticOf(text);
    expect(diagnostic).toMatchObject({ code: 'syntax', position: { file: uri, line } });
    expect(diagnostic.message).toContain(message);
  });

  it('stops at an alias bomb without expanding it', () => {
    const levels = Array.from(
      { length: 20 },
      (_, level) => `a${level}: &a${level} [${level === 0 ? 'x' : `*a${level - 1}, *a${level - 1}`}]`,
    );
    expect(diagnosticOf(levels.join('\n'), { ...DEFAULT_LIMITS, nodes: 10_000 })).toMatchObject({ code: 'limit-exceeded' });
  });

  it.each([
    ['JSON', '['.repeat(50_000)],
    ['flow maps', '{a: '.repeat(20_000)],
    ['block lists', '- '.repeat(20_000)],
    ['a few levels too many', `${'['.repeat(300)}${']'.repeat(300)}`],
  ])('stops at %s nested too deep', (_, text) => expect(diagnosticOf(text)).toMatchObject({ code: 'limit-exceeded' }));

  it('stops at a document that is too large', () => {
    expect(diagnosticOf('a: bcd', { ...DEFAULT_LIMITS, documentBytes: 5 })).toMatchObject({ code: 'limit-exceeded' });
  });
});
