import { describe, expect, it } from '@jest/globals';
import { needsJavaScript, parseTemplate } from './template.ts';

const kinds = (text: string) =>
  parseTemplate(text).parts.map((part) => (part.kind === 'text' ? part.text : `${part.kind}:${part.expression}`));

describe('parseTemplate', () => {
  it.each([
    ['plain', ['plain']],
    ['$(inputs.a)', ['reference:$(inputs.a)']],
    ['a $(inputs.a)${return 1;}', ['a ', 'reference:$(inputs.a)', 'javascript:${return 1;}']],
    ['$(inputs.a + ")")', ['javascript:$(inputs.a + ")")']],
    ['  $(inputs.a)\n', ['reference:$(inputs.a)']],
    ['$5 $(self)', ['$5 ', 'reference:$(self)']],
    ['$$(self)', ['$', 'reference:$(self)']],
  ])('%s', (text, parts) => expect(kinds(text)).toEqual(parts));

  it('a single expression is the whole field, whatever white space is around it', () => {
    expect([' $(self) ', '$(self)$(self)', 'a$(self)', 'a'].map((text) => parseTemplate(text).whole)).toEqual([true, false, false, false]);
    expect(parseTemplate('$(self)\n', { keepWhitespace: true }).whole).toBe(false);
  });

  it('is cached by text and rules', () => {
    expect(parseTemplate('$(self) x')).toBe(parseTemplate('$(self) x'));
    expect(parseTemplate('$(self) x', { cwlVersion: 'v1.0' })).not.toBe(parseTemplate('$(self) x'));
  });

  it('says where an expression that is never closed starts', () => {
    expect(() => parseTemplate('echo $(inputs.a')).toThrow('$(inputs.a: the expression that starts at character 6 is never closed');
  });
});

describe('escapes since v1.2', () => {
  it.each([
    ['\\$(inputs.a)', '$(inputs.a)'],
    ['\\${return 1;}', '${return 1;}'],
    ['\\\\$(null)', '\\', 'reference:$(null)'],
    ['\\\\\\$(a)', '\\$(a)'],
    ['a\\b \\$(a)', 'a\\b $(a)'],
    ['\\$a \\$(a)', '\\$a $(a)'],
    ['\\$(a) \\', '$(a) \\'],
    ['\\n$(null)', '\\n', 'reference:$(null)'],
  ])('%s', (text, ...parts) => expect(kinds(text)).toEqual(parts));

  it('a field without any expression is left as it is', () => {
    expect(kinds('C:\\\\dir \\$x')).toEqual(['C:\\\\dir \\$x']);
  });
});

it('before v1.2 a backslash hides the next character', () => {
  const parse = (text: string) =>
    parseTemplate(text, { cwlVersion: 'v1.1' }).parts.map((part) => (part.kind === 'text' ? part.text : part.kind));
  expect(parse('\\$(a) \\n $(null)')).toEqual(['$(a) n ', 'reference']);
});

it('needsJavaScript only where it is allowed and something is no reference', () => {
  expect(['$(inputs.a)', '$(inputs.a.length) $(self)', 'x'].map((text) => needsJavaScript(text, true))).toEqual([false, false, false]);
  expect(['$(inputs.a + 1)', '${return 1;}', '$(lib())', '$(inputs.a) $(f())'].map((text) => needsJavaScript(text, true))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(needsJavaScript('${return 1;}', false)).toBe(false);
});
