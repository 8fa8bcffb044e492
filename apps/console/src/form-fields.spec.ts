import { describe, expect, it } from '@jest/globals';
import { fieldsOf, readField, readForm } from './form-fields.ts';
import type { Schema } from './shapes.ts';

const field = (schema: Schema, minOccurs = 1) => {
  const [found] = fieldsOf({ x: { schema, minOccurs } });
  if (!found) throw new Error('no field');
  return found;
};
const uri = { type: 'string', format: 'uri' };

describe('a form of a description', () => {
  it.each<[string, Schema, string]>([
    ['a text', { type: 'string' }, 'text'],
    ['an integer', { type: 'integer' }, 'integer'],
    ['a number', { type: 'number', format: 'double' }, 'number'],
    ['a truth value', { type: 'boolean' }, 'boolean'],
    ['an enumeration', { type: 'string', enum: ['a', 'b'] }, 'choice'],
    ['a file', uri, 'file'],
    ['a file of several types', { oneOf: [uri, { ...uri, contentMediaType: 'image/png' }] }, 'file'],
    ['files', { type: 'array', items: uri }, 'files'],
    ['a list', { type: 'array', items: { type: 'integer' } }, 'list'],
    ['a list of lists', { type: 'array', items: { type: 'array', items: { type: 'string' } } }, 'json'],
    ['a record', { type: 'object' }, 'json'],
    ['anything', {}, 'json'],
  ])('asks for %s', (_what, schema, kind) => expect(field(schema).kind).toBe(kind));

  it('asks first for what must be given; a default is shown and need not be', () => {
    const fields = fieldsOf({
      size: { title: 'Tile size', description: 'Pixels', minOccurs: 0, schema: { type: 'integer', default: 100 } },
      red: { title: 'red', description: 'red', minOccurs: 1, schema: uri },
    });
    expect(fields.map(({ id, title, description, required, initial }) => [id, title, description, required, initial])).toEqual([
      ['red', 'red', '', true, ''],
      ['size', 'Tile size', 'Pixels', false, '100'],
    ]);
  });

  it.each<[string, Schema, string, unknown]>([
    ['text as it is', { type: 'string' }, ' a ', { value: ' a ' }],
    ['whole numbers', { type: 'integer' }, ' -7 ', { value: -7 }],
    ['no parts of them', { type: 'integer' }, '7.5', { fault: 'a whole number is expected' }],
    ['numbers', { type: 'number' }, '1e3', { value: 1000 }],
    ['nothing else', { type: 'number' }, 'x', { fault: 'a number is expected' }],
    ['truth values', { type: 'boolean' }, 'false', { value: false }],
    ['one of the choices', { type: 'string', enum: ['a', 'b'] }, 'c', { fault: 'one of a, b is expected' }],
    ['addresses', uri, 'https://a.example/x', { value: { href: 'https://a.example/x' } }],
    ['several', { type: 'array', items: uri }, 'a\n\n b', { value: [{ href: 'a' }, { href: 'b' }] }],
    ['lists of numbers', { type: 'array', items: { type: 'number' } }, '1\n2', { value: [1, 2] }],
    ['with the line that is wrong', { type: 'array', items: { type: 'number' } }, '1\nx', { fault: 'line 2: a number is expected' }],
    ['JSON', {}, '{"a":1}', { value: { a: 1 } }],
  ])('reads %s', (_what, schema, text, read) => expect(readField(field(schema), text)).toEqual(read));

  it('leaves out what is empty, and asks again for what is needed', () => {
    const fields = [
      ...fieldsOf({ a: { minOccurs: 1, schema: { type: 'string' } }, b: { minOccurs: 0, schema: { type: 'string', default: 'd' } } }),
    ];
    expect(readForm(fields, {})).toEqual({ inputs: { b: 'd' }, faults: { a: 'a value is needed' } });
    expect(readForm(fields, { a: 'x', b: '' })).toEqual({ inputs: { a: 'x' }, faults: {} });
  });
});
