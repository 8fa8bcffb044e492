import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { execute, startUp, type Up } from '../../journeys/up.ts';
import { serveFolder, type ServedFolder } from './serve-folder.ts';

/** What a web server has: documents, and files that they name beside themselves. */
const beside = {
  'data/words.txt': 'one two',
  'data/words.txt.idx': 'index',
  'tool.cwl': {
    cwlVersion: 'v1.2',
    class: 'CommandLineTool',
    requirements: { InlineJavascriptRequirement: {} },
    baseCommand: ['sh', '-c', 'cat "$0" "$0.idx" > found.txt; mkdir -p deep/er; ln -s ../found.txt deep/link; echo x > deep/er/x'],
    inputs: {
      words: {
        type: 'File',
        secondaryFiles: ['.idx'],
        loadContents: true,
        inputBinding: {},
        default: { class: 'File', location: 'data/words.txt' },
      },
    },
    outputs: {
      text: { type: 'string', outputBinding: { outputEval: '$(inputs.words.contents)' } },
      linked: { type: 'File', outputBinding: { glob: 'deep/link' } },
      found: { type: 'File', outputBinding: { glob: 'found.txt' } },
      folder: { type: 'Directory', outputBinding: { glob: 'deep' } },
    },
  },
  'workflow.cwl': {
    cwlVersion: 'v1.2',
    class: 'Workflow',
    $namespaces: { f: 'http://example.org/formats#' },
    inputs: { folder: 'Directory', table: { type: 'File', format: 'f:table', secondaryFiles: ['^.head'] } },
    steps: {
      look: {
        run: {
          class: 'ExpressionTool',
          requirements: { InlineJavascriptRequirement: {} },
          inputs: {
            none: 'Directory',
            one: { type: 'Directory', loadListing: 'shallow_listing' },
            table: { type: 'File', format: 'http://example.org/formats#table', loadContents: true },
          },
          outputs: { seen: 'Any', folder: 'Directory' },
          expression:
            '${ return {folder: inputs.none, seen: [inputs.none.listing === undefined, inputs.one.listing.map(function(e) { return [e.basename, e.listing === undefined]; }).sort(), inputs.table.contents, inputs.table.secondaryFiles[0].basename]}; }',
        },
        in: { none: 'folder', one: 'folder', table: 'table' },
        out: ['seen', 'folder'],
      },
      root: {
        run: 'root.cwl',
        in: { table: 'table', name: { valueFrom: '$(inputs.table.nameroot)' } },
        requirements: { StepInputExpressionRequirement: {} },
        out: ['name'],
      },
    },
    outputs: {
      seen: { type: 'Any', outputSource: 'look/seen' },
      folder: { type: 'Directory', outputSource: 'look/folder' },
      name: { type: 'string', outputSource: 'root/name' },
    },
  },
  'root.cwl': {
    cwlVersion: 'v1.2',
    class: 'ExpressionTool',
    requirements: { InlineJavascriptRequirement: {} },
    inputs: { name: 'string' },
    outputs: { name: 'string' },
    expression: '$({name: inputs.name})',
  },
};

describe('documents deployed by their address', () => {
  let folder: string;
  let served: ServedFolder;
  let up: Up;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'runnel-served-'));
    for (const [name, content] of Object.entries(beside)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
    }
    served = await serveFolder(folder);
    up = await startUp({ args: ['--outbound-hosts', '127.0.0.1'] });
  });
  afterAll(async () => {
    await up.stop();
    await served.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function deployed(name: string): Promise<string> {
    const id = name.replace('.cwl', '');
    const body = JSON.stringify({ processDescription: { id }, executionUnit: { href: `${served.url}/${name}`, type: 'application/cwl' } });
    const headers = { 'content-type': 'application/json' };
    const answer = await up.request('/demo/ogc-api/processes', { method: 'POST', body, headers });
    expect({ status: answer.status, text: answer.status === 201 ? '' : await answer.text() }).toEqual({ status: 201, text: '' });
    return id;
  }

  it('bring the files that they name, with what lies beside these; the web server is not asked again', async () => {
    const id = await deployed('tool.cwl');
    rmSync(join(folder, 'data'), { recursive: true });
    const { job, results = {} } = await execute(up, id, {});
    expect({ status: job.status, why: job.status === 'failed' ? job.message : '' }).toEqual({ status: 'successful', why: '' });
    expect(results['text']).toBe('one two');
    const found = results['found'] as { href: string; checksum: string };
    expect(await (await up.request(found.href)).text()).toBe('one twoindex');
    // A link inside of the output folder is the file that it leads to, in however many outputs it stands.
    expect(results['linked']).toMatchObject({ title: 'link', checksum: found.checksum });
    expect(results['folder']).toMatchObject({
      title: 'deep',
      listing: [
        { title: 'er', listing: [{ title: 'x' }] },
        { title: 'link', checksum: found.checksum },
      ],
    });
  });

  it('see of folders what loadListing says; files of a workspace come with those beside them, formats with prefixes are understood', async () => {
    const id = await deployed('workflow.cwl');
    for (const [name, text] of Object.entries({ 'f/a.txt': 'a', 'f/sub/b.txt': 'b', 't.csv': '1,2', 't.head': 'x,y' }))
      await up.request(`/workspaces/demo/files/${name}`, { method: 'PUT', body: text });
    const { job, results = {} } = await execute(up, id, {
      folder: { class: 'Directory', location: 'files/f' },
      table: { class: 'File', location: 'files/t.csv', format: 'f:table' },
    });
    expect({ status: job.status, why: job.status === 'failed' ? job.message : '' }).toEqual({ status: 'successful', why: '' });
    expect(results['seen']).toEqual([
      true,
      [
        ['a.txt', true],
        ['sub', true],
      ],
      '1,2',
      't.head',
    ]);
    expect(results['folder']).toMatchObject({ title: 'f', listing: [{ title: 'a.txt' }, { title: 'sub', listing: [{ title: 'b.txt' }] }] });
    expect(results['name']).toBe('t');
  });
});
