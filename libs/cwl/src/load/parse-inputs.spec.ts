import { describe, expect, it } from '@jest/globals';
import type { InputObject } from './parse-inputs.ts';
import { parseInputs } from './parse-inputs.ts';

function jobOf(text: string, namespaces = {}): InputObject {
  const parsed = parseInputs(text, 'file:///jobs/one.yml', { namespaces });
  if ('diagnostics' in parsed) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.job;
}

describe('input objects', () => {
  it('are relative to their own file', () => {
    const job = jobOf(
      'a: {class: File, path: "x #1.txt"}\nb: [{class: Directory, location: ../d%20e, listing: [{class: File, location: f}]}]\nc: {class: File, contents: hi}\n',
    );
    expect(job.inputs).toEqual({
      a: { class: 'File', location: 'file:///jobs/x%20%231.txt' },
      b: [{ class: 'Directory', location: 'file:///d%20e', listing: [{ class: 'File', location: 'file:///jobs/f' }] }],
      c: { class: 'File', contents: 'hi' },
    });
  });

  it('use the prefixes of the process and their own', () => {
    const job = jobOf(
      '$namespaces: {g: "http://g.org/"}\na: {class: File, path: x, format: e:bam}\nb: {class: File, path: y, format: g:fa}\n',
      { e: 'http://e.org/' },
    );
    expect(job.inputs).toMatchObject({ a: { format: 'http://e.org/bam' }, b: { format: 'http://g.org/fa' } });
  });

  it('may carry requirements and name the process', () => {
    const job = jobOf('cwl:tool: ../t.cwl#main\ncwl:requirements:\n  - class: EnvVarRequirement\n    envDef: {A: b}\nx: 1\n');
    expect(job).toMatchObject({
      inputs: { x: 1 },
      tool: 'file:///t.cwl#main',
      requirements: [{ class: 'EnvVarRequirement', envDef: [{ envName: 'A', envValue: 'b' }] }],
    });
  });

  it('may be empty or already parsed', () => {
    expect(jobOf('').inputs).toEqual({});
    expect(parseInputs({ a: { class: 'File', path: '/x' } }, 'file:///jobs/')).toMatchObject({
      job: { inputs: { a: { class: 'File', location: 'file:///x' } }, requirements: [] },
    });
  });

  it.each([
    ['- a\n', 'expected a map of inputs, found a list'],
    ['a: [\n', 'not valid YAML'],
    ['cwl:requirements: [{class: Unheard}]\n', 'unknown requirement Unheard'],
  ])('%j is refused with its place', (text, message) => {
    const parsed = parseInputs(text, 'file:///jobs/one.yml');
    expect(parsed).toMatchObject({
      diagnostics: [{ message: expect.stringContaining(message), position: { file: 'file:///jobs/one.yml' } }],
    });
  });
});
