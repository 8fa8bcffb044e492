import { describe, expect, it } from '@jest/globals';
import type { CommandLineTool } from '../model.ts';
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
