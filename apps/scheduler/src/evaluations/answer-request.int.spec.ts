import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { AcceptedRun, EvaluationRequest } from '@runnel/engine';
import { openObjectStore, putValue, storedValues } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
import { createJavaScriptPool } from '@runnel/sandbox';
import type { JavaScriptPool } from '@runnel/sandbox';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answerRequest } from './answer-request.ts';
import type { Outcome } from './answer-request.ts';

jest.setTimeout(60_000);

let dir: string;
let objects: ObjectStore;
let javascript: JavaScriptPool;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'runnel-evaluations-'));
  objects = await openObjectStore(`${pathToFileURL(dir).href}/`);
  javascript = createJavaScriptPool({ threads: 1 });
  await objects.put('demo/objects/aa', 'hello');
  await objects.put('demo/files/scene/one.txt', 'one');
  await objects.put('demo/files/scene/deep/two.txt', 'two!');
  await objects.put('other/objects/bb', 'secret');
  await putValue(objects, 'demo/values/list.json', [10, 20, 30]);
});

afterAll(async () => {
  await javascript.close();
  await rm(dir, { recursive: true, force: true });
});

const run = '01936d2e-7c1a-7000-8000-000000000001';
const process = { workspace: 'demo', id: 'p', version: '1', digest: 'd' };
const accepted: AcceptedRun = {
  run,
  workspace: 'demo',
  process,
  entry: 'main',
  inputs: { scene: { class: 'Directory', location: 'runnel:demo/files/scene' } },
  acceptedAt: '2026-11-21T12:00:00.000Z',
};

function answer(template: string, more: Partial<EvaluationRequest> = {}): Promise<Outcome> {
  const request: EvaluationRequest = {
    key: 'each[0]:value:x',
    template,
    cwlVersion: 'v1.2',
    javascript: true,
    library: [],
    context: { inputs: {}, self: null },
    path: 'steps.each.in.x',
    seed: 'seed',
    acceptedAt: accepted.acceptedAt,
    ...more,
  };
  return answerRequest(request, accepted, { objects, evaluate: javascript.evaluate, read: storedValues(objects) });
}

describe('answering', () => {
  it('evaluates with what is stored, at the time of acceptance', async () => {
    const context = {
      inputs: { list: { $stored: { key: 'demo/values/list.json', length: 3 } } },
      self: { $stored: { key: 'demo/values/list.json', index: 1 } },
    };
    expect(await answer('$(self + inputs.list.length)', { context })).toEqual({ value: 23 });
    expect(await answer('$(new Date().toISOString())')).toEqual({ value: '2026-11-21T12:00:00.000Z' });
    expect(await answer('$(Math.random())')).toEqual(await answer('$(Math.random())'));
  });

  it('stores a value that is too large for an event', async () => {
    const outcome = await answer('$(Array.from({length: 40000}, (_, i) => "item " + i))');
    const key = 'value' in outcome ? (outcome.value as { $stored: { key: string; length: number } }).$stored : undefined;
    expect(key).toMatchObject({ key: expect.stringContaining(`demo/values/${run}/@evaluations/`), length: 40_000 });
    expect(JSON.parse((await objects.getBytes(key?.key ?? '', 1e7)).toString())).toHaveLength(40_000);
  });

  it.each([
    ['a fault of the script', '$(inputs.nothing.at.all)', 'expression', /steps\.each\.in\.x/],
    ['a value that names objects of the store', '$({$stored: {key: "other/objects/bb"}})', 'expression', /only Runnel may/],
  ])('fails with a reason: %s', async (_, template, kind, reason) => {
    expect(await answer(template)).toEqual({ failure: { class: kind, reason: expect.stringMatching(reason) } });
  });

  it('fails when a stored value is gone', async () => {
    const context = { inputs: {}, self: { $stored: { key: 'demo/values/none.json' } } };
    expect(await answer('$(self)', { context })).toMatchObject({ failure: { class: 'infrastructure' } });
  });
});

describe('files of a step input', () => {
  const file = (location: string): EvaluationRequest['context']['inputs'] => ({ x: { class: 'File', location } });
  const contents = { x: { contents: true } };

  it('are loaded where the run made them, or was given them', async () => {
    const made = file('runnel:demo/objects/aa');
    expect(
      await answer('$(self.contents)', { context: { inputs: made, self: made['x'] ?? null }, load: contents, selfInput: 'x' }),
    ).toEqual({ value: 'hello' });
    const given = file('runnel:demo/files/scene/one.txt');
    expect(await answer('$(inputs.x.contents)', { context: { inputs: given, self: null }, load: contents })).toEqual({ value: 'one' });
  });

  it('are listed', async () => {
    const inputs = { x: accepted.inputs['scene'] ?? null };
    const names = '$(inputs.x.listing.map(function (e) { return e.basename + (e.listing ? "/" + e.listing[0].basename : ""); }))';
    expect(await answer(names, { context: { inputs, self: null }, load: { x: { listing: 'shallow_listing' } } })).toEqual({
      value: ['deep', 'one.txt'],
    });
    expect(await answer(names, { context: { inputs, self: null }, load: { x: { listing: 'deep_listing' } } })).toEqual({
      value: ['deep/two.txt', 'one.txt'],
    });
  });

  it.each([
    'runnel:other/objects/bb',
    'runnel:demo/objects/../../other/objects/bb',
    'runnel:demo/files/elsewhere.txt',
    'file:///etc/passwd',
  ])('are refused where the address is only a claim: %s', async (location) => {
    const outcome = await answer('$(inputs.x.contents)', { context: { inputs: file(location), self: null }, load: contents });
    expect(outcome).toMatchObject({ failure: { class: 'inputs', reason: expect.stringContaining(location) } });
  });
});
