import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CwlPackage } from '@runnel/cwl';
import { openObjectStore, putValue, storedValues, type ObjectStore } from '@runnel/objects';
import { testLogger } from '@runnel/testing';
import { resultKey, type StepRequest } from './attempt.ts';
import type { StepResult } from './report.ts';
import { withReuse } from './reuse.ts';

const [before, after] = ['01936d2e-7c1a-7000-8000-000000000001', '01936d2e-7c1a-7000-8000-000000000002'];
const list = `demo/values/${after}/@reuse.json`;

let folder: string;
let store: ObjectStore;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runnel-reuse-'));
  store = await openObjectStore(pathToFileURL(`${folder}/`).href, { fsync: false });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Of the tool `say`; what a spec changes of it. */
let tool: object;
let carriedOut = 0;
beforeEach(() => {
  tool = {
    class: 'CommandLineTool',
    id: 'say',
    cwlVersion: 'v1.2',
    baseCommand: ['echo'],
    inputs: [],
    outputs: [],
    requirements: [],
    hints: [],
  };
  carriedOut = 0;
});

const request = (inputs: object, more: Partial<StepRequest> = {}): StepRequest => ({
  workspace: 'demo',
  run: before,
  step: 'say',
  attempt: 1,
  executor: 'x-1',
  process: { workspace: 'demo', digest: 'd', id: 'say' },
  inputs: inputs as StepRequest['inputs'],
  requirements: [],
  hints: [],
  acceptedAt: '2026-11-21T12:00:00.000Z',
  ...more,
});
const usage = { wallSeconds: 9, cpuSeconds: 9, maxMemoryBytes: 1, cores: 1, memoryMiB: 1, inputBytes: 0, outputBytes: 0 };
let outputs: StepResult['outputs'] = {};
async function carry(one: StepRequest): Promise<StepResult> {
  const reusing = withReuse(
    {
      store,
      values: storedValues(store),
      packages: () => Promise.resolve({ processes: { say: tool } } as unknown as CwlPackage),
      backend: 'process',
      executor: 'x-2',
      logger: testLogger('executor'),
    },
    ({ workspace, run, step, attempt }) => {
      carriedOut += 1;
      const at = new Date().toISOString();
      const id = { workspace, run, step, attempt };
      return Promise.resolve({
        ...id,
        executor: 'x-1',
        startedAt: at,
        finishedAt: at,
        outcome: 'success',
        outputs,
        result: resultKey(id),
        usage,
        logs: [],
      });
    },
  );
  return (await reusing(one, new AbortController().signal, () => undefined)) as StepResult;
}
/** Carries it out in the run before, and lets the next one know of it. */
async function kept(inputs: object): Promise<StepResult> {
  const result = await carry(request(inputs));
  await putValue(store, result.result, result);
  await putValue(store, list, { [result.reuseKey ?? '']: result.result });
  // Each list is read once.
  return result;
}
const again = (inputs: object, more: Partial<StepRequest> = {}): Promise<StepResult> =>
  carry(request(inputs, { run: after, reuse: list, ...more }));
async function content(text: string): Promise<{ class: 'File'; location: string; basename: string }> {
  const key = `demo/objects/${createHash('sha256').update(text).digest('hex')}`;
  await store.put(key, text);
  return { class: 'File', location: `runnel:${key}`, basename: 'a.txt' };
}

describe('a step of a run that goes on from another one', () => {
  it('takes the result where it would do the same', async () => {
    outputs = { out: await content('made') };
    const file = await content('given');
    const first = await kept({ x: 1, file });
    const second = await again({ file: { ...file, checksum: 'sha1$claimed' }, x: 1 });
    expect(carriedOut).toBe(1);
    expect(second).toMatchObject({ run: after, outputs, reuseKey: first.reuseKey, reused: { run: before, step: 'say', attempt: 1 } });
    expect(second.usage.wallSeconds).toBe(0);
    // Without being asked to, nothing is taken.
    await again({ x: 1, file }, { reuse: undefined });
    expect(carriedOut).toBe(2);
  });

  it.each<[string, () => Promise<StepResult>]>([
    ['another input', () => again({ x: 2 })],
    ['another requirement', () => again({ x: 1 }, { requirements: [{ class: 'EnvVarRequirement', envDef: [] }] })],
    ['another tool', () => ((tool = { ...tool, baseCommand: ['printf'] }), again({ x: 1 }))],
  ])('does it itself with %s', async (_name, then) => {
    outputs = {};
    await kept({ x: 1 });
    expect((await then()).reused).toBeUndefined();
    expect(carriedOut).toBe(2);
  });

  it.each([
    ['WorkReuse', { class: 'WorkReuse', enableReuse: false }],
    ['the network', { class: 'NetworkAccess', networkAccess: true }],
    ['a token of the run', { class: 'EnvVarRequirement', envDef: [{ envName: 'TOKEN', envValue: '<<REPLACE>>' }] }],
  ])('is never one that others may use, with %s', async (_name, requirement) => {
    expect((await carry(request({ x: 1 }, { requirements: [requirement] }))).reuseKey).toBeUndefined();
  });

  it('does it itself where a file is gone, and keeps one that the garbage collection would take', async () => {
    const made = await content('old');
    outputs = { out: made };
    await kept({ x: 'old' });
    const key = made.location.slice('runnel:'.length);
    const old = new Date(Date.now() - 30 * 86_400_000);
    utimesSync(join(folder, key), old, old);
    expect((await again({ x: 'old' })).reused).toBeDefined();
    expect(Date.now() - ((await store.head(key))?.modifiedAt.getTime() ?? 0)).toBeLessThan(86_400_000);
    await store.delete(key);
    expect((await again({ x: 'old' })).reused).toBeUndefined();
  });

  it('does it itself where the run before is deleted, and where the list names what is not its own', async () => {
    outputs = {};
    const first = await kept({ x: 'deleted' });
    await store.delete(first.result);
    expect((await again({ x: 'deleted' })).reused).toBeUndefined();
    await putValue(store, list, { [first.reuseKey ?? '']: 'other/attempts/x/result.json' });
    expect((await again({ x: 'deleted' })).reused).toBeUndefined();
    expect((await again({ x: 'deleted' }, { reuse: 'other/values/x.json' })).reused).toBeUndefined();
  });
});
