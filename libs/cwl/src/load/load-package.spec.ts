import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CommandLineTool, Workflow } from '../model.ts';
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

describe('loading a tool', () => {
  it('brings maps, lists and single values to one shape', async () => {
    const { package: pkg } = await loadOne(
      `${ECHO}requirements:\n  EnvVarRequirement:\n    envDef: {A: "1"}\nhints:\n  - class: SoftwareRequirement\n    packages: {samtools: [https://x.org/s]}\n`,
    );
    expect(pkg?.main).toBe('main');
    expect(pkg?.processes['main']).toEqual({
      class: 'CommandLineTool',
      id: 'main',
      cwlVersion: 'v1.2',
      baseCommand: ['echo'],
      arguments: [],
      inputs: [{ id: 'message', type: 'string' }],
      outputs: [{ id: 'out', type: 'File', streamable: true, outputBinding: { glob: [expect.stringMatching(/^[0-9a-f]{16}\.stdout$/)] } }],
      stdout: expect.stringMatching(/^[0-9a-f]{16}\.stdout$/),
      requirements: [{ class: 'EnvVarRequirement', envDef: [{ envName: 'A', envValue: '1' }] }],
      hints: [{ class: 'SoftwareRequirement', packages: [{ package: 'samtools', specs: ['https://x.org/s'] }] }],
      successCodes: [],
      temporaryFailCodes: [],
      permanentFailCodes: [],
      metadata: {},
    });
  });

  it('reads an input of type stdin and a named standard output', async () => {
    const { package: pkg } = await loadOne(
      'cwlVersion: v1.2\nclass: CommandLineTool\ninputs: {my file: stdin}\noutputs: {out: stdout, log: stderr}\nstdout: out.txt\n',
    );
    const tool = pkg?.processes['main'] as CommandLineTool;
    expect(tool).toMatchObject({ stdin: '$(inputs["my file"].path)', stdout: 'out.txt', inputs: [{ type: 'File', streamable: true }] });
    expect(tool.outputs[0]?.outputBinding?.glob).toEqual(['out.txt']);
    expect(tool.outputs[1]?.outputBinding?.glob).toEqual([tool.stderr]);
  });

  it('makes files in defaults absolute, relative to the document, and expands formats', async () => {
    const { package: pkg } = await loadOne(
      'cwlVersion: v1.2\n$namespaces: {edam: "http://edamontology.org/"}\nclass: CommandLineTool\noutputs: []\ninputs:\n' +
        '  a: {type: File, format: edam:format_2330, default: {class: File, path: "in #1.txt", secondaryFiles: [{class: Directory, location: sub}]}}\n' +
        '  b: {type: string?, default: null}\n  c: {type: int, default: 0}\n',
    );
    expect(pkg?.processes['main']?.inputs).toEqual([
      {
        id: 'a',
        type: 'File',
        format: ['http://edamontology.org/format_2330'],
        default: {
          class: 'File',
          location: 'file:///d/in%20%231.txt',
          secondaryFiles: [{ class: 'Directory', location: 'file:///d/sub' }],
        },
      },
      { id: 'b', type: ['null', 'string'], default: null },
      { id: 'c', type: 'int', default: 0 },
    ]);
    expect(pkg?.namespaces).toEqual({ edam: 'http://edamontology.org/' });
  });

  it('reads patterns of secondary files', async () => {
    const { package: pkg } = await loadOne(
      'cwlVersion: v1.2\nclass: CommandLineTool\noutputs: []\ninputs:\n  a: {type: File, secondaryFiles: [".bai?", "^.fai", {pattern: .x, required: $(true)}]}\n',
    );
    expect(pkg?.processes['main']?.inputs[0]?.secondaryFiles).toEqual([
      { pattern: '.bai', required: false },
      { pattern: '^.fai' },
      { pattern: '.x', required: '$(true)' },
    ]);
  });

  it('keeps metadata with prefixes written out', async () => {
    const { package: pkg } = await loadOne(`${ECHO}$namespaces: {s: "https://schema.org/"}\ns:author: [{class: s:Person, s:name: Ada}]\n`);
    expect(pkg?.processes['main']?.metadata).toEqual({
      'https://schema.org/author': [{ class: 's:Person', 'https://schema.org/name': 'Ada' }],
    });
  });
});

describe('references between documents', () => {
  it('imports, includes and mixes in, each relative to the file that says so', async () => {
    const { package: pkg, diagnostics } = await load({
      'app.cwl': `${ECHO}requirements:\n  - $import: parts/lib.yml\nhints:\n  - $import: parts/hints.yml\nlabel: {$include: label.txt}\n`,
      'parts/lib.yml': 'class: InlineJavascriptRequirement\nexpressionLib: [{$include: lib.js}]\n',
      'parts/lib.js': 'function f() {}',
      'parts/hints.yml': '- class: ShellCommandRequirement\n- $mixin: base.yml\n  ramMin: 7\n',
      'parts/base.yml': 'class: ResourceRequirement\ncoresMin: 2\nramMin: 1\n',
      'label.txt': 'Echo',
    });
    expect(diagnostics).toEqual([]);
    expect(pkg?.processes['main']).toMatchObject({
      label: 'Echo',
      requirements: [{ class: 'InlineJavascriptRequirement', expressionLib: ['function f() {}'] }],
      hints: [{ class: 'ShellCommandRequirement' }, { class: 'ResourceRequirement', coresMin: 2, ramMin: 7 }],
    });
  });

  it('finds types of imported documents by their address', async () => {
    const { package: pkg, diagnostics } = await load({
      'app.cwl':
        'cwlVersion: v1.2\nclass: CommandLineTool\nrequirements:\n  - class: SchemaDefRequirement\n    types: [{$import: t/types.yml}]\ninputs: {x: "t/types.yml#Pair[]"}\noutputs: []\n',
      't/types.yml': '- {name: Pair, type: record, fields: {left: Side}}\n- {name: Side, type: enum, symbols: [a]}\n',
    });
    expect(diagnostics).toEqual([]);
    expect(pkg?.processes['main']?.inputs[0]?.type).toMatchObject({
      items: { name: 'types.yml#Pair', fields: [{ type: { name: 'types.yml#Side' } }] },
    });
    expect(pkg?.processes['main']?.requirements).toEqual([]);
  });

  const step = (run: string) =>
    `cwlVersion: v1.2\nclass: Workflow\ninputs: []\noutputs: []\nsteps:\n  one:\n    run: ${run}\n    in: {message: {default: hi}}\n    out: [out]\n`;

  it('runs processes by path, fragment and in place, each loaded once and named uniquely', async () => {
    const graph = `cwlVersion: v1.2\n$graph:\n  - ${ECHO.replace('cwlVersion: v1.2\n', '').replace(/\n/g, '\n    ')}id: say\n`;
    const { package: pkg, diagnostics } = await load({
      'app.cwl':
        `${step('echo.cwl')}  two:\n    run: lib/echo.cwl\n    in: {message: {default: hi}}\n    out: []\n` +
        `  three:\n    run: lib.cwl#say\n    in: {message: {default: hi}}\n    out: []\n  four:\n    run: echo.cwl\n    in: {message: {default: hi}}\n    out: []\n` +
        `  five:\n    run: {class: ExpressionTool, expression: $(null), inputs: [], outputs: []}\n    in: []\n    out: []\n`,
      'echo.cwl': ECHO,
      'lib/echo.cwl': ECHO,
      'lib.cwl': graph,
    });
    expect(diagnostics).toEqual([]);
    expect((pkg?.processes['main'] as Workflow).steps.map((one) => one.run)).toEqual(['echo', 'echo-2', 'say', 'echo', 'main/five/run']);
    expect(Object.keys(pkg?.processes ?? {})).toEqual(['echo', 'echo-2', 'main', 'main/five/run', 'say']);
  });

  it('says where a process is not to be had', async () => {
    const { diagnostics } = await load({ 'app.cwl': step('nowhere.cwl') });
    expect(diagnostics).toMatchObject([
      { code: 'unreadable', path: 'steps.one.run', position: { file: 'file:///d/app.cwl', line: 7, column: 5 } },
    ]);
  });

  it('has no trouble with files that run one another, nor with a file that imports itself', async () => {
    const circle = await load({ 'app.cwl': step('b.cwl'), 'b.cwl': step('app.cwl') });
    expect(Object.keys(circle.package?.processes ?? {})).toEqual(['b', 'main']);
    const own = await load({ 'app.cwl': 'cwlVersion: v1.2\nclass: Workflow\nsteps: {$import: app.cwl}\n' });
    expect(own.diagnostics[0]?.message).toContain('import');
    const pair = await load({ 'app.cwl': '$import: b.yml', 'b.yml': '$import: app.cwl' });
    expect(pair.diagnostics[0]?.message).toContain('imports itself');
  });

  it('bounds what imports add, however small the documents are', async () => {
    const again = (file: string) => JSON.stringify(Array.from({ length: 20 }, () => ({ $import: file })));
    const files = {
      'app.cwl': `${ECHO}hints: ${again('a.yml')}`,
      'a.yml': again('b.yml'),
      'b.yml': again('c.yml'),
      'c.yml': '[{class: Note, text: x}]',
      'text.cwl': `${ECHO}hints: ${JSON.stringify(Array.from({ length: 50 }, () => ({ class: 'Note', text: { $include: 'long.txt' } })))}`,
      'long.txt': 'x'.repeat(20_000),
    };
    expect((await load(files)).diagnostics).toEqual([]);
    expect((await load(files, 'app.cwl', { limits: { nodes: 5_000 } })).diagnostics[0]).toMatchObject({ code: 'limit-exceeded' });
    expect((await load(files, 'text.cwl', { limits: { nodes: 5_000 } })).diagnostics[0]).toMatchObject({ code: 'limit-exceeded' });
  });

  it('bounds documents, chains and processes', async () => {
    const chain = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`${index}.cwl`, step(`${index + 1}.cwl`)]));
    expect((await load(chain, '0.cwl', { limits: { importDepth: 5 } })).diagnostics[0]).toMatchObject({ code: 'limit-exceeded' });
    expect((await load(chain, '0.cwl', { limits: { documents: 5 } })).diagnostics[0]).toMatchObject({ code: 'limit-exceeded' });
    expect((await load(chain, '0.cwl', { limits: { processes: 5 } })).diagnostics[0]).toMatchObject({ code: 'limit-exceeded' });
  });
});

describe('packed documents', () => {
  const member = (id: string, kind = 'CommandLineTool') =>
    kind === 'Workflow' ? { class: kind, id, inputs: [], outputs: [], steps: [] } : { class: kind, id, inputs: [], outputs: [] };
  const graph = (...members: object[]) => ({ 'app.cwl': JSON.stringify({ cwlVersion: 'v1.2', $graph: members }) });

  it('takes the fragment, else main, else the only process', async () => {
    const two = graph(member('#main'), member('#other tool'));
    expect((await load(two)).package?.main).toBe('main');
    expect((await load(two, 'app.cwl#other%20tool')).package?.main).toBe('other tool');
    expect((await load(graph(member('sole')))).package?.main).toBe('sole');
  });

  it('takes the first workflow only if asked to', async () => {
    const files = graph(member('tool'), member('flow', 'Workflow'));
    expect((await load(files)).diagnostics[0]?.message).toContain('#tool, #flow');
    expect((await load(files, 'app.cwl', { entry: 'first-workflow' })).package?.main).toBe('flow');
  });

  it('refuses two processes of one id', async () => {
    expect((await load(graph(member('#main'), member('main')))).diagnostics).toMatchObject([
      { message: expect.stringContaining('two processes') },
    ]);
  });

  it('names the processes there are when the fragment is none of them', async () => {
    const { diagnostics } = await load(graph(member('#main')), 'app.cwl#mian');
    expect(diagnostics).toMatchObject([{ message: expect.stringContaining('#main'), hint: 'did you mean "#main"?' }]);
  });

  it('reads qualified names of ports, steps and sources', async () => {
    const flow = {
      class: 'Workflow',
      id: '#main',
      inputs: [{ id: '#main/x', type: 'string' }],
      outputs: [{ id: '#main/y', type: 'File', outputSource: '#main/s/out' }],
      steps: [
        {
          id: '#main/s',
          run: '#tool.cwl',
          in: [{ id: '#main/s/message', source: '#main/x' }],
          out: ['#main/s/out'],
          scatter: '#main/s/message',
        },
      ],
    };
    const tool = {
      class: 'CommandLineTool',
      id: '#tool.cwl',
      inputs: [{ id: '#tool.cwl/message', type: 'string' }],
      outputs: [{ id: '#tool.cwl/out', type: 'File' }],
    };
    const { package: pkg } = await load(graph(flow, tool));
    expect(pkg?.processes['main']).toMatchObject({
      inputs: [{ id: 'x' }],
      outputs: [{ id: 'y', outputSource: [{ step: 's', port: 'out' }] }],
      steps: [{ id: 's', run: 'tool.cwl', in: [{ id: 'message', source: [{ port: 'x' }] }], out: ['out'], scatter: ['message'] }],
    });
  });

  it('has one text whatever the order of keys', async () => {
    const a = await loadOne('{"cwlVersion": "v1.2", "class": "CommandLineTool", "inputs": [], "outputs": [], "doc": "x"}');
    const b = await loadOne('doc: x\noutputs: []\ninputs: []\nclass: CommandLineTool\ncwlVersion: v1.2\n');
    expect(a.package && packDigestText(a.package)).toBe(b.package && packDigestText(b.package));
  });

  it('warns of what stands beside $graph', async () => {
    const { package: pkg, diagnostics } = await loadOne(JSON.stringify({ cwlVersion: 'v1.2', schemas: ['x'], $graph: [member('main')] }));
    expect(pkg).toBeDefined();
    expect(diagnostics).toMatchObject([{ severity: 'warning', hint: 'did you mean "$schemas"?' }]);
  });
});

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
