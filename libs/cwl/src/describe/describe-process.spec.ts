import { describe, expect, it } from '@jest/globals';
import { loadPackage } from '../load/load-package.ts';
import { describeProcess } from './describe-process.ts';

async function describeText(text: string) {
  const { package: pkg, diagnostics } = await loadPackage('file:///d/app.cwl', async () => text);
  expect(diagnostics).toEqual([]);
  if (!pkg) throw new Error('the document does not load');
  return describeProcess(pkg, pkg.main);
}

const process = (inputs: string, outputs = '[]', more = '') =>
  `{cwlVersion: v1.2, class: CommandLineTool, id: tool, inputs: ${inputs}, outputs: ${outputs}${more}}`;

describe('process descriptions', () => {
  it('take title, description, version, keywords and metadata from the document and its main workflow', async () => {
    const text = `
cwlVersion: v1.0
$namespaces: {s: "https://schema.org/"}
s:softwareVersion: 1.2.0
s:keywords: [ndvi, sentinel-2]
$graph:
  - {class: Workflow, id: vegetation, label: Vegetation index, doc: [First line., Second line.], inputs: [], outputs: [], steps: []}
`;
    expect(await describeText(text)).toEqual({
      id: 'vegetation',
      title: 'Vegetation index',
      description: 'First line.\nSecond line.',
      version: '1.2.0',
      keywords: ['ndvi', 'sentinel-2'],
      metadata: [
        { role: 'https://schema.org/softwareVersion', value: '1.2.0' },
        { role: 'https://schema.org/keywords', value: ['ndvi', 'sentinel-2'] },
      ],
      inputs: {},
      outputs: {},
    });
  });

  it('name what is not said', async () => {
    expect(await describeText(process('[]'))).toMatchObject({
      id: 'tool',
      title: 'tool',
      description: 'tool',
      version: 'unknown',
      keywords: [],
      metadata: [],
    });
  });

  it('understand a prefix that was never declared, and keywords in one text', async () => {
    const described = await describeText(process('[]', '[]', ', s:version: 3, s:keywords: "a, b"'));
    expect(described).toMatchObject({ version: '3', keywords: ['a', 'b'] });
    expect(described.metadata[0]).toEqual({ role: 'https://schema.org/version', value: 3 });
  });

  it.each([
    ['boolean', { type: 'boolean' }],
    ['int', { type: 'integer' }],
    ['long', { type: 'integer' }],
    ['float', { type: 'number', format: 'float' }],
    ['double', { type: 'number', format: 'double' }],
    ['string', { type: 'string' }],
    ['Directory', { type: 'string', format: 'uri' }],
    ['File', { type: 'string', format: 'uri' }],
    ['Any', {}],
    ['"string[]"', { type: 'array', items: { type: 'string' } }],
    ['{type: {type: enum, symbols: [a, b]}}', { type: 'string', enum: ['a', 'b'] }],
    ['{type: [int, string]}', { oneOf: [{ type: 'integer' }, { type: 'string' }] }],
    [
      '{type: {type: record, fields: {a: int, b: "int?"}}}',
      { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } }, required: ['a'] },
    ],
    [
      '{type: File, format: "https://www.iana.org/assignments/media-types/image/tiff"}',
      { type: 'string', format: 'uri', contentMediaType: 'image/tiff' },
    ],
  ])('give the input %s its schema', async (type, schema) => {
    expect((await describeText(process(`{x: ${type}}`))).inputs['x']).toEqual({
      title: 'x',
      description: 'x',
      schema,
      minOccurs: 1,
      maxOccurs: 1,
    });
  });

  it('make what is optional or preset occur from zero times on', async () => {
    const { inputs } = await describeText(
      process(
        '{a: "string?", b: {type: int, default: 0, label: B, doc: The b.}, c: {type: File, default: {class: File, location: c.txt}}}',
      ),
    );
    expect(inputs['a']).toMatchObject({ schema: { type: 'string' }, minOccurs: 0 });
    expect(inputs['b']).toEqual({ title: 'B', description: 'The b.', schema: { type: 'integer', default: 0 }, minOccurs: 0, maxOccurs: 1 });
    expect(inputs['c']).toMatchObject({ schema: { default: 'file:///d/c.txt' }, minOccurs: 0 });
  });

  it('know the record types of eoap/schemas by their file', async () => {
    const types = ['ogc.yaml#BBox', 'stac.yaml#Item', 'string_format.yaml#URI'].map(
      (name) => `{name: "https://eoap.example/${name}", type: record, fields: {value: string}}`,
    );
    const { inputs } = await describeText(
      process(
        '{box: "https://eoap.example/ogc.yaml#BBox", item: "https://eoap.example/stac.yaml#Item?", link: "https://eoap.example/string_format.yaml#URI"}',
        '[]',
        `, requirements: [{class: SchemaDefRequirement, types: [${types.join(', ')}]}]`,
      ),
    );
    expect(Object.values(inputs).map((input) => input.schema)).toEqual([
      { allOf: [{ format: 'ogc-bbox' }] },
      { type: 'object', allOf: [{ format: 'stac-item' }] },
      { type: 'string', format: 'uri' },
    ]);
  });

  it('describe outputs', async () => {
    const { outputs } = await describeText(
      process('[]', '{o: {type: Directory, doc: STAC catalogue}, n: "int[]", f: {type: File, format: $(inputs.x)}}'),
    );
    expect(outputs).toEqual({
      o: { title: 'o', description: 'STAC catalogue', schema: { type: 'string', format: 'uri' } },
      n: { title: 'n', description: 'n', schema: { type: 'array', items: { type: 'integer' } } },
      f: { title: 'f', description: 'f', schema: { type: 'string', format: 'uri' } },
    });
  });

  it('are not given for processes that do not exist', async () => {
    const { package: pkg } = await loadPackage('file:///d/app.cwl', async () => process('[]'));
    expect(() => pkg && describeProcess(pkg, 'constructor')).toThrow('no process "constructor"');
  });
});
