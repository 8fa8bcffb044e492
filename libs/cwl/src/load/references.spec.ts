import { describe, expect, it } from '@jest/globals';
import type { Workflow } from '../model.ts';
import { loadPackage, type LoadOptions } from './load-package.ts';

/** Loads `app.cwl` of a folder that exists only here. */
async function load(files: { [name: string]: string }, address = 'app.cwl', options?: LoadOptions) {
  const read = async (uri: string) => {
    const name = uri.slice('file:///d/'.length);
    if (!Object.hasOwn(files, name)) throw new Error('no such file');
    return files[name] ?? '';
  };
  return loadPackage(`file:///d/${address}`, read, options);
}

const ECHO = 'cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: echo\ninputs: {message: string}\noutputs: {out: stdout}\n';

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
