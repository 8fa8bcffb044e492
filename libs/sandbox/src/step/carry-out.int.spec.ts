import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadAndCheck, type JsonObject } from '@runnel/cwl';

import { noIsolation } from '../isolation/detect.ts';
import { createJavaScriptPool, type JavaScriptPool } from '../javascript/pool.ts';
import { createSpawner } from '../spawn/spawner.ts';
import type { FileExchange, Spawner, StepOutcome } from '../types.ts';
import { carryOut } from './carry-out.ts';
import { checksumAndSize } from './local-files.ts';
import type { StepPorts } from './prepare.ts';

let base: string;
let spawner: Spawner;
let javascript: JavaScriptPool;
let count = 0;

const exchange: FileExchange = {
  bringIn: (location) => Promise.resolve(fileURLToPath(location)),
  takeOut: async (path) => ({ location: pathToFileURL(path).href, ...(await checksumAndSize(path)) }),
};

beforeAll(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'runnel-step-')));
  chmodSync(base, 0o711);
  mkdirSync(join(base, 'work'));
  spawner = createSpawner({ isolation: noIsolation, control: join(base, 'control'), workRoot: join(base, 'work'), graceSeconds: 0.2 });
  javascript = createJavaScriptPool({ threads: 1 });
});
afterAll(async () => {
  await Promise.all([spawner.close(), javascript.close()]);
  rmSync(base, { recursive: true, force: true });
});

async function run(
  document: string,
  inputs: JsonObject = {},
  more: Partial<StepPorts> = {},
): Promise<StepOutcome & { warnings: string[] }> {
  const uri = pathToFileURL(join(base, 'tool.cwl')).href;
  const loaded = await loadAndCheck(uri, () => Promise.resolve(`cwlVersion: v1.2\n${document}`));
  if (loaded.package === undefined) throw new Error(JSON.stringify(loaded.diagnostics));
  const directory = join(base, 'work', String((count += 1)));
  mkdirSync(directory);
  const warnings: string[] = [];
  const attempt = { package: loaded.package, process: loaded.package.main, inputs, requirements: [], hints: [], directory };
  const limits = { network: 'never' as const, path: '/usr/bin:/bin' };
  const ports = {
    exchange,
    evaluateJavaScript: javascript.evaluate,
    spawner,
    limits,
    onWarning: (text: string) => warnings.push(text),
    ...more,
  };
  const outcome = await carryOut({ ...attempt, name: 'tile', acceptedAt: '2026-01-01T00:00:00Z', seed: 'seed' }, ports);
  return { ...outcome, warnings };
}

const tool = (rest: string): string => `class: CommandLineTool\n${rest}`;
const shell = (script: string, rest = 'outputs: {}'): string =>
  tool(`baseCommand: [sh, -c, ${JSON.stringify(script)}]\ninputs: {}\n${rest}`);

describe('carrying out a step', () => {
  it('gives the outputs of a tool with checksum, size and location', async () => {
    const outcome = await run(
      tool('baseCommand: echo\ninputs: {word: {type: string, inputBinding: {}}}\noutputs: {said: {type: stdout}}\nstdout: said.txt'),
      { word: 'hi' },
    );
    expect(outcome).toMatchObject({ outcome: 'success', usage: { cores: 1, memoryMiB: 256, outputBytes: 3 } });
    expect(outcome.outputs['said']).toMatchObject({
      class: 'File',
      basename: 'said.txt',
      size: 3,
      checksum: 'sha1$55ca6286e3e4f4fba5d0448333fa99fc5a404a73',
    });
    expect(outcome.outputs['said']).not.toHaveProperty('path');
  });

  it.each([
    [
      'exits 3',
      shell('echo no such band >&2; exit 3'),
      { class: 'tool', reason: 'tile: exit code 3', exitCode: 3, logTail: 'no such band' },
    ],
    ['is killed by a signal', shell('kill -9 $$'), { class: 'tool', reason: 'tile: killed by SIGKILL (exit code 137)', signal: 'SIGKILL' }],
    [
      'is not there',
      tool('baseCommand: no-such-program\ninputs: {}\noutputs: {}'),
      { class: 'tool', reason: 'tile: the program was not found (exit code 127)' },
    ],
    [
      'leaves nothing for its glob',
      shell(':', 'outputs: {index: {type: File, outputBinding: {glob: "*.tif"}}}'),
      { class: 'outputs', reason: expect.stringMatching(/^tile: outputs\.index\.outputBinding\.glob: .*"\*\.tif"/) },
    ],
    [
      'takes longer than its time limit',
      shell('sleep 60', 'outputs: {}\nrequirements: {ToolTimeLimit: {timelimit: 1}}'),
      { class: 'time-limit', reason: 'tile: took longer than its time limit of 1 s and was stopped' },
    ],
    [
      'gives a file of the host as output',
      shell('ln -s /etc/passwd stolen', 'outputs: {stolen: {type: File, outputBinding: {glob: stolen}}}'),
      { class: 'outputs', reason: expect.stringContaining('/etc/passwd') },
    ],
    [
      'hides a file of the host in an output directory',
      shell('mkdir d; ln -s /etc/passwd d/stolen', 'outputs: {d: {type: Directory, outputBinding: {glob: d}}}'),
      { class: 'outputs', reason: expect.stringContaining('/etc/passwd') },
    ],
    [
      'claims a file of the host in cwl.output.json',
      shell(`echo '{"f": {"class": "File", "path": "/etc/passwd"}}' > cwl.output.json`, 'outputs: {f: File}'),
      { class: 'outputs', reason: expect.stringContaining('/etc/passwd') },
    ],
    [
      'needs an input that the step does not give',
      tool('baseCommand: echo\ninputs: {word: string}\noutputs: {}'),
      { class: 'inputs', reason: 'tile: inputs.word: the input "word" is required (string), but it is missing' },
    ],
    [
      'has a broken expression',
      tool('baseCommand: echo\ninputs: {}\noutputs: {}\nrequirements: {InlineJavascriptRequirement: {}}\narguments: ["$(nothing.here)"]'),
      { class: 'expression', reason: expect.stringContaining('nothing') },
    ],
    [
      'requires an image that nothing stands for',
      shell(':', 'outputs: {}\nrequirements: {DockerRequirement: {dockerPull: "debian:stable-slim"}}'),
      { class: 'image', reason: expect.stringContaining('debian:stable-slim') },
    ],
  ])('says why a tool failed that %s', async (_what, document, failure) => {
    expect(await run(document)).toMatchObject({ outcome: 'failed', outputs: {}, failure });
  });

  it('brings in only files that are inputs or stand in the document', async () => {
    writeFileSync(join(base, 'input'), 'given');
    const stage = (entry: string): string =>
      shell(
        'cat staged',
        `outputs: {}\nrequirements:\n  InlineJavascriptRequirement: {}\n  InitialWorkDirRequirement:\n    listing: ${entry}`,
      ).replace('inputs: {}', 'inputs: {file: File}');
    const inputs = { file: { class: 'File', location: pathToFileURL(join(base, 'input')).href } };
    expect(await run(stage('[{entryname: staged, entry: $(inputs.file)}]'), inputs)).toMatchObject({ outcome: 'success' });
    const stolen = await run(stage("[{entryname: staged, entry: \"$({class: 'File', location: 'file:///etc/passwd'})\"}]"), inputs);
    expect(stolen).toMatchObject({
      outcome: 'failed',
      failure: { class: 'staging', reason: expect.stringContaining('file:///etc/passwd is neither an input') },
    });
  });

  it('lets a tool change only a copy of a writable input', async () => {
    const original = join(base, 'original');
    writeFileSync(original, 'good', { mode: 0o444 });
    const document = tool(
      'baseCommand: [sh, -c, "echo worse >>copy"]\ninputs: {file: File}\noutputs: {copy: {type: File, outputBinding: {glob: copy, loadContents: true}}}\n' +
        'requirements: {InitialWorkDirRequirement: {listing: [{entryname: copy, entry: $(inputs.file), writable: true}]}}',
    );
    const { outputs } = await run(document, { file: { class: 'File', location: pathToFileURL(original).href } });
    expect(outputs['copy']).toMatchObject({ size: 10 });
    expect(readFileSync(original, 'utf8')).toBe('good');
  });

  it('runs on the host with a warning where an image is only a hint', async () => {
    const { outcome, warnings } = await run(shell(':', 'outputs: {}\nhints: {DockerRequirement: {dockerPull: "debian:stable-slim"}}'));
    expect(outcome).toBe('success');
    expect(warnings).toEqual([expect.stringContaining('debian:stable-slim')]);
  });

  it('takes the programs of a local image first', async () => {
    const bin = join(base, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'tiler'), '#!/bin/sh\necho "$FLAVOUR $*"\n', { mode: 0o755 });
    const images = new Map([['docker.io/library/tiler:1', { bin, entrypoint: ['tiler', '--all'], env: { FLAVOUR: 'sweet' } }]]);
    const document = tool(
      'arguments: [b04]\ninputs: {}\noutputs: {out: {type: string, outputBinding: {glob: out.txt, loadContents: true, outputEval: "$(self[0].contents)"}}}\nstdout: out.txt\nrequirements: {DockerRequirement: {dockerPull: "tiler:1"}}',
    );
    expect((await run(document, {}, { images })).outputs).toEqual({ out: 'sweet --all b04\n' });
  });

  it('makes files of the literals of an ExpressionTool', async () => {
    const { outputs } = await run(
      "class: ExpressionTool\nrequirements: {InlineJavascriptRequirement: {}}\ninputs: {}\noutputs: {note: File}\nexpression: \"$({note: {class: 'File', basename: 'note.txt', contents: 'hi'}})\"",
    );
    expect(outputs['note']).toMatchObject({ basename: 'note.txt', size: 2, checksum: 'sha1$c22b5f9178342609428d6f51b2c5af4c0bde6a42' });
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const started = join(base, 'started');
    const ending = run(shell(`touch ${started}; sleep 60`), {}, { signal: controller.signal });
    while (!existsSync(started)) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort();
    expect(await ending).toMatchObject({ outcome: 'failed', failure: { class: 'stopped', reason: 'tile: stopped' } });
  });
});
