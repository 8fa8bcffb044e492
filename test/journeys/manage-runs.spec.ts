import { createHmac } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accept, deploy, execute, removeFolder, resultsOf, runnel, startUp, untilFinal, type Up } from './up.ts';

/** A tile tells when it was made: one that is used again keeps its time. `last` is the script of the last step. */
const workflow = (last: string) => `cwlVersion: v1.2
$graph:
- class: Workflow
  id: pipeline
  requirements: {ScatterFeatureRequirement: {}, StepInputExpressionRequirement: {}}
  inputs: {n: 'int[]'}
  outputs:
    all: {type: 'File[]', outputSource: tile/out}
    end: {type: File, outputSource: last/out}
  steps:
    tile: {run: '#tile', in: {x: n}, scatter: x, out: [out]}
    last: {run: '#last', in: {x: {source: tile/out, valueFrom: '$(self[0])'}}, out: [out]}
- class: CommandLineTool
  id: tile
  baseCommand: [bash, -c]
  arguments: ['echo tile $0; date +%s.%N', $(inputs.x)]
  inputs: {x: int}
  outputs: {out: {type: stdout}}
- class: CommandLineTool
  id: last
  baseCommand: [bash, -c, '${last}']
  inputs: {x: {type: File, inputBinding: {}}}
  outputs: {out: {type: stdout}}
`;
const failing = workflow('echo broken >&2; exit 3');
const mended = workflow('cat $0');
const sleeper = `cwlVersion: v1.2
class: CommandLineTool
id: sleeper
baseCommand: [sleep]
inputs: {seconds: {type: int, inputBinding: {}}}
outputs: []
`;

let up: Up;
let operator: string;
const told: { headers: IncomingHttpHeaders; body: string }[] = [];
const receiver = createServer((incoming, response) => {
  let body = '';
  incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
  incoming.on('end', () => {
    told.push({ headers: incoming.headers, body });
    response.writeHead(204).end();
  });
});
let hook: string;
const text = async (address: string): Promise<string> => (await up.request(new URL(address).pathname)).text();
const files = () => join(up.folder, 'journey');
const api = async <T>(path: string): Promise<T> => (await (await up.request(path)).json()) as T;
const eventually = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  for (let waited = 0; !(await holds()); waited += 200) {
    if (waited > 60_000) throw new Error(`${what}: not within a minute`);
    await sleep(200);
  }
};

beforeAll(async () => {
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  hook = `127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  up = await startUp({ args: ['--outbound-hosts', hook] });
  mkdirSync(files(), { recursive: true });
  for (const document of [failing, sleeper]) expect((await deploy(up, document)).status).toBe(201);
  const made = await runnel(['token', 'create', '--data', up.folder, '--workspace', 'staff', '--scope', 'operator,read']);
  operator = made.stdout.trim().split('\n').at(-1) ?? '';
}, 180_000);
afterAll(async () => {
  await up.stop();
  removeFolder(up.folder);
  receiver.close();
}, 60_000);

const operate = (args: string[]) => runnel([...args, '--token', operator], { ...up.env });

describe('a run that failed', () => {
  let failed: string;
  let resumed: string;

  it('goes on with an edited workflow from what succeeded: only what was changed is carried out', async () => {
    await up.runnel(['webhook', 'set', 'ops', `http://${hook}/ends`]);
    const { job } = await execute(up, 'pipeline', { n: [1, 2, 3] });
    expect(job.status).toBe('failed');
    failed = job.jobID;
    writeFileSync(join(files(), 'mended.cwl'), mended);
    const answer = await up.runnel(['resume', failed, '--workflow', join(files(), 'mended.cwl'), '--json']);
    const { run, steps } = JSON.parse(answer.stdout) as { run: { run: string; resumes: string }; steps: object[] };
    expect(run.resumes).toBe(failed);
    expect(steps).toEqual([
      { step: 'tile', reused: 3, repeated: 'what of it had not succeeded' },
      { step: 'last', reused: 0, repeated: 'it, or something that it depends on, was changed' },
    ]);
    resumed = run.run;
    expect(await untilFinal(up, resumed)).toMatchObject({ status: 'successful' });
    const { steps: carried } = await api<{ steps: { step: string; reused?: object }[] }>(`/api/v1/runs/${resumed}/steps`);
    expect(carried.map(({ step, reused }) => [step, reused])).toEqual([
      ['last', undefined],
      ...[0, 1, 2].map((index) => [`tile[${index}]`, { run: failed, step: `tile[${index}]`, attempt: 1 }]),
    ]);
    const results = await resultsOf(up, resumed);
    const [first] = results['all'] as { href: string }[];
    // The last step was fed by the first tile of the run that failed.
    expect(await text((results['end'] as { href: string }).href)).toBe(await text(first?.href ?? ''));
  }, 120_000);

  it('is told of where the workspace wants it, signed', async () => {
    await eventually('both ends are told', () => Promise.resolve(told.length >= 2));
    const { key } = await api<{ key: string }>('/api/v1/callback-key');
    // Each is sent for itself: whichever comes first.
    const ends = told.map(({ body }) => (JSON.parse(body) as { data: { run: string; status: string } }).data);
    expect(new Map(ends.map(({ run, status }) => [run, status]))).toEqual(
      new Map([
        [failed, 'failed'],
        [resumed, 'successful'],
      ]),
    );
    for (const { headers, body } of told) {
      const [, at = '', signature = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-runnel-signature'])) ?? [];
      expect(signature).toBe(createHmac('sha256', key).update(`${at}.${body}`).digest('hex'));
    }
  }, 90_000);

  it('is deleted without harm for the run that took its results', async () => {
    await up.runnel(['delete', failed]);
    expect((await up.request(`/api/v1/runs/${failed}`)).status).toBe(404);
    const left = () =>
      ['logs', 'attempts', 'values', 'results'].flatMap((kind) => {
        try {
          return readdirSync(join(up.folder, 'objects/demo', kind)).filter((name) => name.includes(failed));
        } catch {
          return [];
        }
      });
    await eventually('its objects are gone', () => Promise.resolve(left().length === 0));
    const results = await resultsOf(up, resumed);
    expect(await text((results['end'] as { href: string }).href)).toContain('tile 1');
    expect((await up.runnel(['delete', resumed], 0)).stdout).toContain('deleted');
  }, 90_000);

  it.each([['01936d2e-7c1a-7000-8000-000000000001', /404|no such|not found/i]])('there is none of id %s', async (id, reason) => {
    expect((await up.runnel(['resume', id], 1)).stderr).toMatch(reason);
  });
});

describe('what may take long', () => {
  it('ends when its time is over, with the reason', async () => {
    const ended = await up.runnel(['run', 'sleeper', '-i', 'seconds=600', '--step-seconds', '2'], 1);
    expect(ended.stderr).toContain("the step took longer than the limit of the run's steps of 2 s");
    await operate(['quota', 'set', '--workspace', 'demo', '--most-run-seconds', '3']);
    const refused = await up.runnel(['run', 'sleeper', '-i', 'seconds=1', '--run-seconds', '60'], 1);
    expect(refused.stderr).toContain('60 s is asked for, the workspace allows 3 s');
    const run = await accept(up, 'sleeper', { seconds: 600 });
    expect(await untilFinal(up, run)).toMatchObject({ status: 'failed', message: 'the run took longer than its limit of 3 s' });
    await operate(['quota', 'set', '--workspace', 'demo', '--most-run-seconds', 'none']);
  }, 90_000);

  it('leaves an executor that is drained, and goes on when there is one again', async () => {
    const run = await accept(up, 'sleeper', { seconds: 20 });
    const stepOf = async () =>
      (await api<{ steps: { status: string; attempt: number; reason?: string }[] }>(`/api/v1/runs/${run}/steps`)).steps[0];
    await eventually('it runs', async () => (await stepOf())?.status === 'running');
    const [executor] = (await api<{ executors: { id: string }[] }>('/api/v1/executors')).executors;
    const drained = await operate(['executors', 'drain', executor?.id ?? '', '--limit', '1s', '--reason', 'a new disk', '--wait']);
    expect(drained).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing runs there') });
    await eventually('it says why it waits', async () =>
      ((await stepOf())?.reason ?? '').includes('no executor takes new steps: a new disk'),
    );
    expect((await up.runnel(['explain', run])).stdout).toContain('a new disk');
    await operate(['executors', 'uncordon', executor?.id ?? '']);
    expect(await untilFinal(up, run)).toMatchObject({ status: 'successful' });
    expect(await stepOf()).toMatchObject({ attempt: 2, status: 'successful' });
  }, 120_000);
});

it('what is to be kept is told by a dry run of the garbage collection before it goes', async () => {
  await operate(['retention', 'set', '--workspace', 'demo', '--runs', '1', '--logs', '1']);
  const { stdout } = await runnel(['gc', '--dry-run', '--data', up.folder]);
  expect(stdout).toMatch(/would delete \d+ objects/);
  expect((await operate(['retention', 'show', '--workspace', 'demo'])).stdout).toMatch(/runs +1\n/);
  expect((await operate(['retention', 'set', '--workspace', 'demo', '--intermediate', '3'])).code).toBe(1);
}, 60_000);
