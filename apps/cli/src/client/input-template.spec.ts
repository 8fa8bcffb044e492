import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { templateOf, templateText, type InputDescription } from './input-template.ts';

const inputs: Record<string, InputDescription> = {
  name: { title: 'Who', description: 'Is greeted.\nBy name.', minOccurs: 1, schema: { type: 'string' } },
  language: { title: 'language', minOccurs: 0, schema: { type: 'string', enum: ['en', 'de'], default: 'de' } },
  bands: { minOccurs: 1, schema: { type: 'array', items: { type: 'string', format: 'uri' } } },
};

describe('an input file to fill in', () => {
  it('holds what must be given, and says what it is', () => {
    const text = templateText('greeting', inputs);
    expect(parse(text)).toEqual({ name: '', bands: [{ class: 'File', path: './FILE' }] });
    expect(text).toContain('# Who\n# Is greeted.\n# By name.\n# string\nname: ""');
    expect(text).toContain('# one of en, de, may be left out\n# language: de');
    expect(templateOf(inputs)).toEqual(parse(text));
  });
});
