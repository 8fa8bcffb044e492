import { describe, expect, it } from '@jest/globals';
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
