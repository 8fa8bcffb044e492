import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadPackage, type CommandLineTool } from '@runnel/cwl';
import { places, type CollectRequest } from '@runnel/kube-pod';
import { openObjectStore, type ObjectStore } from '@runnel/objects';
import { noSecrets } from '../steps/attempt-secrets.ts';
import { createConcealment } from '../steps/concealment.ts';
import { collectStep } from './collect-step.ts';
import { prepareStep, type PreparedStep } from './prepare-step.ts';

const attempt = { workspace: 'demo', run: '01936d2e-7c1a-7000-8000-000000000001', step: 'say', attempt: 1 };
const input = 'runnel:demo/files/in.txt';
const work = places.work;
/** Told in contents. */
const secret = 'planted-secret-4711';

let folder: string;
let store: ObjectStore;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runnel-collect-'));
  store = await openObjectStore(`${pathToFileURL(folder).href}/`);
  await store.put('demo/files/in.txt', 'an input');
});
afterAll(() => rmSync(folder, { recursive: true }));

async function prepared(outputs: string, requirements = ''): Promise<PreparedStep> {
  const text = `cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh]
requirements: { ${requirements} }
inputs: { file: { type: File, inputBinding: {} } }
outputs: { ${outputs} }`;
  const loaded = await loadPackage('file:///tool.cwl', () => Promise.resolve(text));
  const cwl = loaded.package;
  if (cwl === undefined) throw new Error(JSON.stringify(loaded.diagnostics));
  const tool = Object.values(cwl.processes)[0] as CommandLineTool;
  const inputs = { file: { class: 'File', location: input } };
  const process = { workspace: 'demo', digest: '', id: '' };
  const request = { ...attempt, executor: 'x', process, inputs, requirements: [], hints: [], acceptedAt: '2026-11-21T12:00:00.000Z' };
  const evaluateJavaScript = (): Promise<never> => Promise.reject(new Error('no JavaScript here'));
  const rest = { evaluateJavaScript, entrypointOf: () => ['/entry'], defaultImage: 'i', timeLimitSeconds: 60 };
  const concealment = createConcealment();
  concealment.add(secret);
  const hidden = { secrets: noSecrets, concealment };
  return prepareStep({ request, package: cwl, tool, inputs, store, ...hidden, ...rest });
}

const exit = { version: 1 as const, exitCode: 0, startedAt: attempt.run, finishedAt: '', wallSeconds: 1, cpuSeconds: 0, maxMemoryBytes: 0 };
type Listing = CollectRequest['listing'];
const call = (listing: Listing, more: Partial<CollectRequest> = {}): CollectRequest => ({
  version: 1,
  attempt,
  exit,
  listing,
  contents: {},
  uploaded: {},
  ...more,
});
const file = (path: string, size = 5): Listing[number] => ({ path, type: 'file', size });
const kept = { sha256: 'a'.repeat(64), sha1: 'b'.repeat(40), size: 5 };
const stored = { location: `runnel:demo/objects/${kept.sha256}`, checksum: `sha1$${kept.sha1}`, size: 5 };

describe('planning an attempt', () => {
  it('brings its inputs and puts the entry point before the command', async () => {
    const { stage } = await prepared('');
    expect(stage.entries).toEqual([{ kind: 'object', key: 'demo/files/in.txt', target: `${places.inputs}/0/in.txt`, writable: false }]);
    expect(stage.wrap).toMatchObject({ argv: ['/entry', 'sh', `${places.inputs}/0/in.txt`], cwd: work, timeLimitSeconds: 60 });
  });
});

describe('collecting', () => {
  it('stores no secret that a fault tells', async () => {
    const step = await prepared("text: { type: int, outputBinding: { glob: t, loadContents: true, outputEval: '$(self[0].contents)' } }");
    const contents = { t: Buffer.from(secret).toString('base64') };
    const answer = await collectStep(step, call([file('t', secret.length)], { contents }), store);
    expect(answer).toMatchObject({ next: 'done', collected: { failure: { reason: expect.stringContaining('***') } } });
    expect(JSON.stringify(answer)).not.toContain(secret);
  });

  it('asks for what it needs, step by step', async () => {
    const step = await prepared(
      "text: { type: string, outputBinding: { glob: t, loadContents: true, outputEval: '$(self[0].contents)' } }, out: { type: File, outputBinding: { glob: o } }",
    );
    const listing = [file('o'), file('t', 3)];
    expect(await collectStep(step, call(listing), store)).toEqual({ next: 'read', files: [{ path: 't', maxBytes: 3 }] });
    const contents = { t: Buffer.from('abc').toString('base64') };
    expect(await collectStep(step, call(listing, { contents }), store)).toEqual({ next: 'upload', files: ['o'] });
    expect(await collectStep(step, call(listing, { contents, uploaded: { o: kept } }), store)).toMatchObject({
      next: 'done',
      collected: { outputs: { text: 'abc', out: { class: 'File', basename: 'o', ...stored } }, outputBytes: 5 },
    });
  });

  it('takes whole folders, through links inside of them', async () => {
    const step = await prepared('all: { type: Directory, outputBinding: { glob: d } }');
    const listing: Listing = [
      { path: 'd', type: 'directory', size: 0 },
      file('d/a'),
      { path: 'd/b', type: 'symlink', size: 0, target: 'a' },
      { path: 'd/c', type: 'directory', size: 0 },
    ];
    expect(await collectStep(step, call(listing), store)).toEqual({ next: 'upload', files: ['d/a'] });
    const answer = await collectStep(step, call(listing, { uploaded: { 'd/a': kept } }), store);
    const entry = (basename: string): object => ({ class: 'File', basename, ...stored });
    expect(answer).toMatchObject({
      collected: {
        outputs: { all: { basename: 'd', listing: [entry('a'), entry('b'), { class: 'Directory', basename: 'c', listing: [] }] } },
        outputBytes: 5,
      },
    });
  });

  it('passes an input on where a link leads to it, and reads it from the store', async () => {
    const step = await prepared(
      "same: { type: File, outputBinding: { glob: l } }, text: { type: string, outputBinding: { glob: l, loadContents: true, outputEval: '$(self[0].contents)' } }",
    );
    const listing: Listing = [{ path: 'l', type: 'symlink', size: 0, target: `${places.inputs}/0/in.txt` }];
    expect(await collectStep(step, call(listing), store)).toMatchObject({
      collected: { outputs: { same: { location: input }, text: 'an input' } },
    });
  });

  it.each<[string, Listing[number]]>([
    ['a file of the host', { path: 'o', type: 'symlink', size: 0, target: '/etc/passwd' }],
    ['a file of ours', { path: 'o', type: 'symlink', size: 0, target: '../exit/exit.json' }],
    ['itself', { path: 'o', type: 'symlink', size: 0, target: 'o' }],
    ['nothing that is read', { path: 'o', type: 'other', size: 0 }],
  ])('refuses a link to %s', async (_name, entry) => {
    const step = await prepared('out: { type: File, outputBinding: { glob: o } }');
    expect(await collectStep(step, call([entry]), store)).toMatchObject({
      next: 'done',
      collected: { outputs: {}, failure: { class: 'outputs' } },
    });
  });

  it("refuses an address of another's that cwl.output.json names", async () => {
    const step = await prepared('out: File');
    const contents = {
      'cwl.output.json': Buffer.from('{"out": {"class": "File", "location": "runnel:other/objects/x"}}').toString('base64'),
    };
    const answer = await collectStep(step, call([file('cwl.output.json', 64)], { contents }), store);
    expect(answer).toMatchObject({ next: 'done', collected: { failure: { class: 'outputs' } } });
  });

  it('has no outputs where the tool failed or was killed', async () => {
    const step = await prepared('out: File');
    expect(await collectStep(step, call([], { exit: { ...exit, exitCode: 3 } }), store)).toMatchObject({
      next: 'done',
      collected: { outputs: {} },
    });
    const { exit: _exit, ...killed } = call([]);
    expect(await collectStep(step, killed, store)).toEqual({ next: 'done', collected: { outputs: {}, outputBytes: 0 } });
  });
});
