import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'runnel-cwl-flags-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
function run(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const main = new URL('./main.ts', import.meta.url).pathname;
  const args = ['--conditions=@runnel/source', '--disable-warning=ExperimentalWarning', main, ...words];
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd: folder, env: { ...process.env, XDG_CACHE_HOME: folder } }, (error, out, err) =>
      done({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

const tool = `cwlVersion: v1.2
class: CommandLineTool
doc: Says something.
inputs:
  message: {type: string, doc: What to say, inputBinding: {}}
  count: {type: int?, label: How often}
  bands: {type: 'File[]', default: []}
baseCommand: echo
outputs: {said: stdout}
stdout: said.txt
`;
const workflow = `cwlVersion: v1.2
class: Workflow
inputs: {message: string}
outputs: {o: {type: File, outputSource: count/o}}
steps:
  say: {run: tool.cwl, in: {message: message}, out: [said]}
  count:
    in: {f: say/said}
    out: [o]
    run: {class: CommandLineTool, baseCommand: [wc, -c], stdin: $(inputs.f.path), inputs: {f: File}, outputs: {o: stdout}, stdout: n.txt}
`;

describe('what is printed instead of a run', () => {
  beforeEach(() => {
    write('tool.cwl', tool);
    write('flow.cwl', workflow);
  });

  it('the inputs of a tool', async () => {
    const { out } = await run('tool.cwl', '--help');
    expect(out).toContain('Says something.');
    expect(out).toMatch(/--message STRING +What to say \(required\)/);
    expect(out).toMatch(/--count INT +How often \(optional\)/);
  });

  it('a job to fill in, which is YAML', async () => {
    const { out } = await run('--make-template', 'tool.cwl');
    expect(parse(out)).toEqual({ message: 'a_string', count: 0, bands: [] });
    expect(out).toContain('# string; What to say');
  });

  it('the documents that a process refers to', async () => {
    expect(JSON.parse((await run('--print-deps', 'flow.cwl')).out)).toMatchObject({
      location: 'flow.cwl',
      secondaryFiles: [{ class: 'File', location: 'tool.cwl' }],
    });
  });

  it('the graph of a workflow', async () => {
    const { out } = await run('--print-dot', 'flow.cwl');
    expect(out).toContain('"step say" -> "step count" [label="f"];');
    expect(out).toContain('"step count" -> "output o" [label="o"];');
  });

  it('a packed document, which gives the same when it is packed again, and runs', async () => {
    const { out } = await run('--pack', 'flow.cwl');
    write('packed.cwl', out);
    rmSync(join(folder, 'tool.cwl'));
    expect((await run('--pack', 'packed.cwl')).out).toBe(out);
    const ran = await run('--outdir', 'out', 'packed.cwl', '--message', 'hi');
    expect(ran.code).toBe(0);
    expect(readFileSync(join(folder, 'out/n.txt'), 'utf8').trim()).toBe('3');
  });

  it('several faults in one run of --validate', async () => {
    write('bad.cwl', tool.replace('baseCommand', 'baseComand').replace('type: int?', 'type: itn?'));
    const { code, err } = await run('--validate', 'bad.cwl');
    expect(code).toBe(1);
    expect(err).toMatch(/bad\.cwl:6:\d+: .*itn/);
    expect(err).toMatch(/bad\.cwl:8:\d+: .*did you mean "baseCommand"/);
  });

  it('what to use instead of an option that is not supported', async () => {
    expect(await run('--print-rdf', 'tool.cwl')).toMatchObject({
      code: 1,
      err: expect.stringContaining('--print-rdf is not supported: use --pack'),
    });
  });
});

describe('the step cache', () => {
  it('repeats only what changed', async () => {
    write('tool.cwl', tool);
    write('flow.cwl', workflow);
    const again = (): Promise<{ code: number; err: string; out: string }> =>
      run('--cachedir', 'cache', '--outdir', 'out', 'flow.cwl', '--message', 'hi');
    expect((await again()).err).not.toContain('taken from the cache');
    const second = await again();
    expect(second.err).toMatch(/say: taken from the cache/);
    expect(second.err).toMatch(/count: taken from the cache/);
    write('flow.cwl', workflow.replace('wc, -c', 'wc, -l'));
    const edited = await again();
    expect(edited.code).toBe(0);
    expect(edited.err).toMatch(/say: taken from the cache/);
    expect(edited.err).not.toMatch(/count: taken from the cache/);
    expect(JSON.parse(edited.out)).toMatchObject({ o: { basename: expect.stringMatching(/^n/), size: 2 } });
  });

  it('keeps nothing of a step that must not be reused', async () => {
    write('tool.cwl', `${tool}requirements: {WorkReuse: {enableReuse: false}}\n`);
    await run('--cachedir', 'cache', '--outdir', 'out', 'tool.cwl', '--message', 'hi');
    expect((await run('--cachedir', 'cache', '--outdir', 'out', 'tool.cwl', '--message', 'hi')).err).not.toContain('cache');
  });
});

it('--provenance describes the run, its steps and its files', async () => {
  write('tool.cwl', tool);
  write('flow.cwl', workflow);
  expect((await run('--provenance', 'crate', '--outdir', 'out', 'flow.cwl', '--message', 'hi')).code).toBe(0);
  const crate = JSON.parse(readFileSync(join(folder, 'crate/ro-crate-metadata.json'), 'utf8')) as {
    '@graph': { '@type': string; '@id': string }[];
  };
  const actions = crate['@graph'].filter((one) => one['@type'] === 'CreateAction');
  expect(actions.map((one) => one['@id'])).toEqual(['#run', '#step/say', '#step/count']);
  for (const { '@id': id } of crate['@graph'].filter((one) => one['@id'].startsWith('data/')))
    expect(existsSync(join(folder, 'crate', id))).toBe(true);
});

it('--leave-tmpdir keeps and names the temporary folder', async () => {
  write('tool.cwl', tool);
  const { err } = await run('--leave-tmpdir', '--tmpdir-prefix', join(folder, 'kept-'), '--outdir', 'out', 'tool.cwl', '--message', 'hi');
  const kept = /temporary folders are kept in (\S+)/.exec(err)?.[1] ?? '';
  expect(existsSync(join(kept, 'work'))).toBe(true);
});

it('process and job may be addresses', async () => {
  const server = createServer((request, response) => response.end(request.url === '/tool.cwl' ? tool : '{"message": "from afar"}'));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { out } = await run('--outdir', 'out', `${base}/tool.cwl`, `${base}/job.json`);
  server.close();
  expect(JSON.parse(out)).toMatchObject({ said: { size: 'from afar\n'.length } });
});
