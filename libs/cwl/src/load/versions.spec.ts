import { describe, expect, it } from '@jest/globals';
import { loadPackage } from './load-package.ts';

const loadText = (text: string, others: { [uri: string]: string } = {}) =>
  loadPackage('file:///d/app.cwl', async (uri) =>
    uri === 'file:///d/app.cwl' ? text : (others[uri] ?? Promise.reject(new Error('no such file'))),
  );

const tool = (version: string, more: string) => `cwlVersion: ${version}\nclass: CommandLineTool\noutputs: []\n${more}\n`;

describe('older versions', () => {
  it('brings v1.0 to the shape of v1.2 and says what v1.0 meant', async () => {
    const { package: pkg, diagnostics } = await loadText(
      tool('v1.0', 'inputs: {x: {type: File, secondaryFiles: ".x?", inputBinding: {loadContents: true, position: 1}}}'),
    );
    expect(diagnostics).toEqual([]);
    expect(pkg?.processes['main']).toMatchObject({
      cwlVersion: 'v1.0',
      inputs: [{ loadContents: true, inputBinding: { position: 1 }, secondaryFiles: [{ pattern: '.x?' }] }],
      hints: [
        { class: 'LoadListingRequirement', loadListing: 'deep_listing' },
        { class: 'NetworkAccess', networkAccess: true },
      ],
    });
    expect(pkg?.processes['main']?.inputs[0]?.inputBinding).not.toHaveProperty('loadContents');
  });

  it('adds nothing to v1.1', async () => {
    expect((await loadText(tool('v1.1', 'inputs: []'))).package?.processes['main']?.hints).toEqual([]);
  });

  it.each([
    ['v1.0', 'inputs: {x: {type: File, secondaryFiles: [{pattern: .x}]}}', 'secondaryFiles'],
    ['v1.0', 'inputs: {x: {type: File, loadContents: true}}', 'loadContents'],
    ['v1.0', 'inputs: {x: stdin}', 'stdin'],
    ['v1.0', 'inputs: {x: {type: int, inputBinding: {position: $(1)}}}', 'position'],
    ['v1.0', 'inputs: []\nrequirements: {WorkReuse: {enableReuse: false}}', 'WorkReuse'],
    ['v1.1', 'inputs: []\nrequirements: {ResourceRequirement: {coresMin: 0.5}}', 'coresMin'],
    ['v1.1', 'inputs: []\nintent: [a]', 'intent'],
  ])('%s knows no %s', async (version, more, word) => {
    const { package: pkg, diagnostics } = await loadText(tool(version, more));
    expect(pkg).toBeUndefined();
    expect(diagnostics).toMatchObject([
      { severity: 'error', message: expect.stringContaining(word), position: { file: 'file:///d/app.cwl' } },
    ]);
    expect((await loadText(tool('v1.2', more))).diagnostics).toEqual([]);
  });

  it.each(['when: $(true)', 'in: {x: {default: 1, pickValue: all_non_null}}'])('v1.1 knows no step with %s', async (field) => {
    const flow = (version: string) =>
      `cwlVersion: ${version}\nclass: Workflow\ninputs: []\noutputs: []\nsteps: [{id: s, run: t.cwl, out: [], ${field.startsWith('in') ? '' : 'in: [], '}${field}}]`;
    const others = { 'file:///d/t.cwl': tool('v1.2', 'inputs: []') };
    expect((await loadText(flow('v1.1'), others)).diagnostics).toMatchObject([{ message: expect.stringContaining('since CWL v1.2') }]);
    expect((await loadText(flow('v1.2'), others)).diagnostics).toEqual([]);
  });

  it('reads each document of a workflow by its own version, and what stands in place by that of its document', async () => {
    const flow =
      'cwlVersion: v1.2\nclass: Workflow\ninputs: []\noutputs: []\nsteps:\n  a: {run: old.cwl, in: [], out: []}\n  b: {run: {class: CommandLineTool, inputs: [], outputs: []}, in: [], out: []}\n';
    const { package: pkg } = await loadText(flow, { 'file:///d/old.cwl': tool('v1.0', 'inputs: []') });
    expect(Object.fromEntries(Object.values(pkg?.processes ?? {}).map((one) => [one.id, one.cwlVersion]))).toEqual({
      main: 'v1.2',
      old: 'v1.0',
      'main/b/run': 'v1.2',
    });
  });

  it('takes extensions of cwltool for the requirements they became', async () => {
    const { package: pkg } = await loadText(
      tool('v1.0', 'inputs: []\n$namespaces: {cwltool: "http://commonwl.org/cwltool#"}\nrequirements: {cwltool:TimeLimit: {timelimit: 3}}'),
    );
    expect(pkg?.processes['main']?.requirements).toEqual([{ class: 'ToolTimeLimit', timelimit: 3 }]);
  });
});
