import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CwlType } from '../model.ts';
import { loadPackage } from './load-package.ts';
import { splitTypeDsl } from './read-type.ts';

/** The type of input `x`, written as JSON or YAML flow, with optional SchemaDefRequirement types. */
async function typeOf(type: string, schemas = '[]') {
  const text = `{cwlVersion: v1.2, class: CommandLineTool, outputs: [], requirements: [{class: SchemaDefRequirement, types: ${schemas}}], inputs: {x: {type: ${type}}}}`;
  const { package: pkg, diagnostics } = await loadPackage('file:///t.cwl', async () => text);
  return { type: pkg?.processes['main']?.inputs[0]?.type, diagnostics };
}

describe('types', () => {
  it.each<[string, CwlType]>([
    ['string', 'string'],
    ['string?', ['null', 'string']],
    ['"File[]"', { type: 'array', items: 'File' }],
    ['"File[]?"', ['null', { type: 'array', items: 'File' }]],
    ['"int[][]"', { type: 'array', items: { type: 'array', items: 'int' } }],
    ['["null", "string?", int]', ['null', 'string', 'int']],
    ['[File]', 'File'],
    ['{type: array, items: [string, int?]}', { type: 'array', items: ['string', 'null', 'int'] }],
    ['{type: enum, symbols: [a, "#main/x/b"]}', { type: 'enum', symbols: ['a', 'b'] }],
    [
      '{type: record, fields: {a: string, b: "int?"}}',
      {
        type: 'record',
        fields: [
          { name: 'a', type: 'string' },
          { name: 'b', type: ['null', 'int'] },
        ],
      },
    ],
    [
      '{type: record, fields: [{name: "#main/x/a", type: File, secondaryFiles: .bai}]}',
      { type: 'record', fields: [{ name: 'a', type: 'File', secondaryFiles: [{ pattern: '.bai' }] }] },
    ],
    ['{type: string}', 'string'],
    ['"https://w3id.org/cwl/cwl#File"', 'File'],
  ])('%s', async (written, expected) => {
    const { type, diagnostics } = await typeOf(written);
    expect(diagnostics).toEqual([]);
    expect(type).toEqual(expected);
  });

  it('writes named types out in place, whatever their order', async () => {
    const schemas = '[{name: pair, type: record, fields: {left: "side?", right: side}}, {name: side, type: enum, symbols: [a]}]';
    const { type } = await typeOf('"pair[]"', schemas);
    const side = { type: 'enum', symbols: ['a'], name: 'side' };
    expect(type).toEqual({
      type: 'array',
      items: {
        type: 'record',
        name: 'pair',
        fields: [
          { name: 'left', type: ['null', side] },
          { name: 'right', type: side },
        ],
      },
    });
  });

  it.each([
    ['strin', '[]', 'unknown type "strin"', 'did you mean "string"?'],
    ['node', '[{name: node, type: record, fields: {next: "node?"}}]', 'contains itself', undefined],
    ['array', '[]', 'needs its own map', expect.stringContaining('type: {type:')],
    ['[]', '[]', 'at least one type', undefined],
    ['7', '[]', 'expected a type', undefined],
    ['{type: enum}', '[]', 'lacks the field "symbols"', undefined],
  ])('refuses %s', async (written, schemas, message, hint) => {
    const { type, diagnostics } = await typeOf(written, schemas);
    expect(type).toBeUndefined();
    expect(diagnostics[0]).toMatchObject({
      severity: 'error',
      message: expect.stringContaining(message),
      position: { line: 1 },
      ...(hint !== undefined && { hint }),
    });
  });

  it('stops where names double at each level', async () => {
    const schemas = Array.from({ length: 40 }, (_, level) => ({
      name: `t${level}`,
      type: 'record',
      fields:
        level === 0
          ? []
          : [
              { name: 'a', type: `t${level - 1}` },
              { name: 'b', type: `t${level - 1}` },
            ],
    }));
    const { diagnostics } = await typeOf('t39', JSON.stringify(schemas));
    expect(diagnostics).toMatchObject([{ code: 'limit-exceeded' }]);
  });

  it('does not count what a document itself writes down', async () => {
    const fields = Array.from({ length: 120_000 }, (_, index) => ({ name: `f${index}`, type: 'string' }));
    const inputs = { x: { type: { type: 'record', fields } } };
    const text = JSON.stringify({ cwlVersion: 'v1.2', class: 'CommandLineTool', inputs, outputs: [] });
    expect((await loadPackage('file:///t.cwl', async () => text)).diagnostics).toEqual([]);
  });

  it('takes a DSL text apart into what it was made of', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z#/.]+$/), fc.nat({ max: 5 }), fc.boolean(), (name, lists, optional) => {
        expect(splitTypeDsl(`${name}${'[]'.repeat(lists)}${optional ? '?' : ''}`)).toEqual({ name, lists, optional });
      }),
    );
  });
});
