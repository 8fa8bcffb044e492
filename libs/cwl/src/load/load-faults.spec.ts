import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadPackage, type LoadOptions } from './load-package.ts';
import { packDigestText } from './pack-digest.ts';

/** Loads `app.cwl` of a folder that exists only here. */
async function load(files: { [name: string]: string }, address = 'app.cwl', options?: LoadOptions) {
  const read = async (uri: string) => {
    const name = uri.slice('file:///d/'.length);
    if (!Object.hasOwn(files, name)) throw new Error('no such file');
    return files[name] ?? '';
  };
  return loadPackage(`file:///d/${address}`, read, options);
}

const loadOne = (text: string) => load({ 'app.cwl': text });
const ECHO = 'cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: echo\ninputs: {message: string}\noutputs: {out: stdout}\n';

describe('faults', () => {
  it('reports several at once, in the order of the lines, each with its place and what was expected', async () => {
    const { package: pkg, diagnostics } = await loadOne(
      'cwlVersion: v1.2\nclass: CommandLineTool\nbaseComand: echo\ninputs:\n  a: {type: strng}\n  b: {type: File, streamable: maybe}\noutputs: []\nsuccessCodes: [a]\n',
    );
    expect(pkg).toBeUndefined();
    expect(diagnostics.map(({ path, position, hint }) => [path, position?.line, hint])).toEqual([
      ['baseComand', 3, 'did you mean "baseCommand"?'],
      ['inputs.a', 5, 'did you mean "string"?'],
      ['inputs.b.streamable', 6, undefined],
      ['successCodes', 8, undefined],
    ]);
    expect(diagnostics[2]?.message).toBe('expected true or false as "streamable" of an input, found the string "maybe"');
  });

  it.each([
    ['an unknown requirement', `${ECHO}requirements: {x:Y: {}}`, 'unsupported-requirement'],
    ['an operation', 'cwlVersion: v1.2\nclass: Operation\ninputs: []\noutputs: []', 'unsupported'],
    ['a draft', ECHO.replace('v1.2', 'draft-3'), 'unsupported'],
    ['no YAML', 'a: [', 'syntax'],
  ])('marks %s for programs', async (_, text, code) => expect((await loadOne(text)).diagnostics[0]?.code).toBe(code));

  it('lets unknown hints pass, as they are', async () => {
    const { package: pkg, diagnostics } = await loadOne(`${ECHO}$namespaces: {x: "urn:x:"}\nhints: {x:Y: {z: 1}}`);
    expect(diagnostics).toEqual([]);
    expect(pkg?.processes['main']?.hints).toEqual([{ class: 'urn:x:Y', z: 1 }]);
  });

  it('refuses what is no process', async () => {
    expect((await loadOne('- a\n')).diagnostics[0]?.message).toContain('expected a CWL document');
    expect((await loadOne('cwlVersion: v1.2\nclass: Workflo\n')).diagnostics).toMatchObject([
      { hint: 'did you mean "Workflow"?', position: { line: 2 } },
    ]);
    expect((await loadOne('class: Workflow\ninputs: []\noutputs: []\nsteps: []\n')).diagnostics[0]?.message).toContain('cwlVersion');
  });

  it('never throws, whatever stands in a field', async () => {
    const text = fc.constantFrom(
      '',
      'main',
      '#main',
      'string',
      'File[]',
      '$(inputs.x)',
      'app.cwl',
      '__proto__',
      'constructor',
      'v1.0',
      'stdin',
      'Workflow',
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.integer(),
        fc.constant(null),
        fc.boolean(),
        fc.array(tie('any'), { maxLength: 3 }),
        tie('map'),
      ),
      map: fc.dictionary(fc.constantFrom(...FIELDS), tie('any'), { maxKeys: 5 }),
    }));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('Workflow', 'CommandLineTool', 'ExpressionTool'),
        fc.dictionary(fc.constantFrom(...FIELDS), value.any, { maxKeys: 8 }),
        async (kind, fields) => {
          const { package: pkg, diagnostics } = await loadOne(
            JSON.stringify({ cwlVersion: 'v1.2', inputs: [], outputs: [], steps: [], ...fields, class: kind }),
          );
          expect(pkg !== undefined || diagnostics.some((one) => one.severity === 'error')).toBe(true);
          if (pkg) expect(() => packDigestText(pkg)).not.toThrow();
        },
      ),
      { numRuns: 300 },
    );
  });
});

const FIELDS = [
  ...[
    'class',
    'id',
    'inputs',
    'outputs',
    'steps',
    'requirements',
    'hints',
    'type',
    'items',
    'fields',
    'symbols',
    'name',
    'default',
    'run',
    'in',
    'out',
    'source',
  ],
  ...[
    'outputSource',
    'scatter',
    'inputBinding',
    'outputBinding',
    'secondaryFiles',
    'format',
    '$import',
    '$include',
    '$mixin',
    '$graph',
    '$namespaces',
    '$schemas',
  ],
  ...[
    'InlineJavascriptRequirement',
    'SchemaDefRequirement',
    'types',
    'listing',
    'envDef',
    'packages',
    'arguments',
    'baseCommand',
    'stdout',
    'x',
    '__proto__',
  ],
];
