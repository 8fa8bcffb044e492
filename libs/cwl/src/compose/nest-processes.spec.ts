import { describe, expect, it } from '@jest/globals';
import { checkPackage } from '../check/check-package.ts';
import { loadPackage } from '../load/load-package.ts';
import type { CwlPackage } from '../model.ts';
import { nestedInput, nestProcesses } from './nest-processes.ts';

async function load(text: string): Promise<CwlPackage> {
  const address = `file:///doc.cwl${text.includes('id: flow') ? '#flow' : ''}`;
  const { package: pkg, diagnostics } = await loadPackage(address, () => Promise.resolve(text));
  if (!pkg) throw new Error(JSON.stringify(diagnostics));
  return pkg;
}

const tool = (id: string, input: string, output: string): string => `
- class: CommandLineTool
  id: ${id}
  baseCommand: 'true'
  inputs: {n: {type: ${input}, inputBinding: {position: 1}}, m: {type: int, default: 3}}
  outputs: {out: {type: ${output}, outputBinding: {glob: x, outputEval: "$(null)"}}}`;
const workflow = `cwlVersion: v1.2
$graph:
- class: Workflow
  id: flow
  inputs: {n: string, m: int}
  outputs: {out: {type: string, outputSource: say/out}}
  steps: {say: {run: "#tool", in: {n: n, m: m}, out: [out]}}${tool('tool', 'string', 'string')}
`;
const single = (input: string, output: string): string => `cwlVersion: v1.2\n$graph:${tool('main', input, output)}\n`;

describe('nested processes', () => {
  it('become one workflow: a step for each, links between them, the outputs of the outermost', async () => {
    const [outer, inner] = [await load(workflow), await load(single('int', 'string'))];
    const innermost = { package: inner, entry: 'main', from: new Map() };
    const composed = nestProcesses({ package: outer, entry: 'flow', from: new Map([['n', { nesting: innermost, output: 'out' }]]) });
    const main = composed?.processes[composed.main];
    expect(composed && checkPackage(composed)).toEqual([]);
    expect(main?.inputs).toEqual([
      { id: 'n.n', type: 'int' },
      { id: 'n.m', type: 'int', default: 3 },
      { id: 'm', type: 'int' },
    ]);
    expect(main?.outputs).toEqual([{ id: 'out', type: 'string', outputSource: [{ step: 'process', port: 'out' }] }]);
    expect(main).toMatchObject({
      steps: [
        { id: 'n.process', run: 'n.process/main', in: [{ id: 'n', source: [{ port: 'n.n' }] }, {}] },
        { id: 'process', run: 'process/flow', in: [{ id: 'n', source: [{ step: 'n.process', port: 'out' }] }, {}] },
      ],
    });
    expect(composed?.processes['process/flow']).toMatchObject({ steps: [{ run: 'process/tool' }] });
    // What it is made of stays as it was.
    expect(outer.processes['flow']).toMatchObject({ id: 'flow', steps: [{ run: 'tool' }] });
  });

  it('whose types do not fit are found before anything runs', async () => {
    const inner = { package: await load(single('int', 'int')), entry: 'main', from: new Map() };
    const composed = nestProcesses({
      package: await load(workflow),
      entry: 'flow',
      from: new Map([['n', { nesting: inner, output: 'out' }]]),
    });
    expect(composed && checkPackage(composed)).toEqual([expect.objectContaining({ severity: 'error' })]);
  });

  it('whose inputs would have one name are refused', async () => {
    const pkg = await load(workflow.replaceAll('m: int}', 'm: int, "n.m": int}'));
    const inner = { package: await load(single('int', 'string')), entry: 'main', from: new Map() };
    expect(nestProcesses({ package: pkg, entry: 'flow', from: new Map([['n', { nesting: inner, output: 'out' }]]) })).toBeUndefined();
    expect(nestedInput(['a', 'b'], 'c')).toBe('a.b.c');
  });
});
