import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '@runnel/testing';
import { execute, removeFolder, startUp, type Up } from './up.ts';

let up: Up;
let folder: string;
let work: string;

const git = (...args: string[]): string =>
  execFileSync('git', ['-C', work, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

function push(message: string): void {
  git('add', '-A');
  git('commit', '-qm', message);
  git('push', '-q', 'origin', 'main');
}

const echo = (id: string, word: string): string => `cwlVersion: v1.2
class: CommandLineTool
id: ${id}
baseCommand: [echo, ${word}]
inputs: []
stdout: word.txt
outputs: {word: {type: string, outputBinding: {glob: word.txt, loadContents: true, outputEval: "$(self[0].contents)"}}}
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runnel-harvest-'));
  work = join(folder, 'work');
  const remote = join(folder, 'remote.git');
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', remote]);
  execFileSync('git', ['clone', '-q', remote, work], { stdio: 'ignore' });
  git('checkout', '-q', '-b', 'main');
  mkdirSync(join(work, 'flows'));
  writeFileSync(join(work, 'flows/first.cwl'), echo('first', 'one'));
  push('first');
  const bindings = join(folder, 'repositories.json');
  writeFileSync(
    bindings,
    JSON.stringify([{ repository: `file://${remote}`, branch: 'main', paths: ['flows/**/*.cwl'], workspace: 'demo', allowFile: true }]),
  );
  up = await startUp({ args: ['--repositories', bindings, '--poll-seconds', '1'] });
}, 120_000);
afterAll(async () => {
  await up.stop();
  removeFolder(up.folder);
  rmSync(folder, { recursive: true });
}, 60_000);

interface Status {
  branches: { error?: string }[];
  files: { path: string; outcome: string; reason?: string }[];
}
const status = async (): Promise<Status> => (await (await up.request('/api/v1/harvest')).json()) as Status;

async function deployed(): Promise<string[]> {
  const { processes } = (await (await up.request('/demo/ogc-api/processes')).json()) as { processes: { id: string }[] };
  // Every workspace has the built-in process.
  return processes.flatMap(({ id }) => (id === 'echo' ? [] : id)).sort();
}

const has = (ids: string[]): Promise<true> =>
  eventually(`${ids.join(', ')} are deployed`, async () => JSON.stringify(await deployed()) === JSON.stringify(ids), 30_000);

it('a watched branch deploys, replaces, renames and removes workflows', async () => {
  await has(['first']);
  expect((await execute(up, 'first', {})).results).toEqual({ word: 'one\n' });

  writeFileSync(join(work, 'flows/first.cwl'), echo('first', 'two'));
  writeFileSync(join(work, 'README.md'), 'not a workflow');
  push('second');
  await eventually('the new version runs', async () => (await execute(up, 'first', {})).results?.['word'] === 'two\n', 60_000);

  renameSync(join(work, 'flows/first.cwl'), join(work, 'flows/renamed.cwl'));
  push('third');
  writeFileSync(join(work, 'flows/other.cwl'), echo('other', 'x'));
  writeFileSync(join(work, 'flows/broken.cwl'), 'class: Nothing');
  push('fourth');
  writeFileSync(join(work, 'flows/large.cwl'), `# ${'x'.repeat(300_000)}`);
  push('large');
  await has(['first', 'other']);
  await eventually('each file has its outcome', async () => {
    const files = new Map((await status()).files.map(({ path, outcome, reason }) => [path, `${outcome} ${reason ?? ''}`]));
    return (
      files.get('flows/other.cwl') === 'deployed ' &&
      /^refused 1:1 ./.test(files.get('flows/broken.cwl') ?? '') &&
      files.get('flows/large.cwl') === 'refused it has 300002 bytes, the limit is 200000'
    );
  });
  expect((await up.runnel(['harvest', 'status'])).stdout).toMatch(/flows\/large\.cwl +\w{10} +refused +it has 300002 bytes/);

  git('rm', '-q', 'flows/renamed.cwl');
  push('fifth');
  await has(['other']);

  // What was pushed over is as if it had never been.
  git('reset', '-q', '--hard', 'HEAD~1');
  git('rm', '-q', 'flows/other.cwl');
  git('commit', '-qm', 'another fifth');
  git('push', '-q', '--force', 'origin', 'main');
  await has(['first']);
  execFileSync('git', ['-C', join(folder, 'remote.git'), 'update-ref', '-d', 'refs/heads/main']);
  await eventually('the branch is gone', async () => (await status()).branches[0]?.error?.includes('the branch is gone') === true);
  await has(['first']);
  git('push', '-q', 'origin', 'main');
  await eventually('the branch is back', async () => (await status()).branches[0]?.error === undefined);
}, 240_000);

it('an event starts a run, and its end another', async () => {
  const definition = join(folder, 'trigger.yml');
  writeFileSync(definition, 'on: event\ntype: scene.added\nfilter: data.cloud < 20\nprocess: first\n');
  await up.runnel(['trigger', 'create', 'scenes', definition]);
  writeFileSync(definition, 'on: after\nprocesses: [first]\nprocess: first\n');
  await up.runnel(['trigger', 'create', 'again', definition]);
  const event = { specversion: '1.0', id: 'e', source: '/s', type: 'scene.added', data: { cloud: 3 } };
  const headers = { 'content-type': 'application/cloudevents+json' };
  expect((await up.request('/api/v1/events', { method: 'POST', body: JSON.stringify(event), headers })).status).toBe(202);
  // It follows itself: a loop, which ends by itself.
  await eventually(
    'the loop is stopped',
    async () => (await up.runnel(['trigger', 'show', 'again'])).stdout.includes('attention: stopped as a loop'),
    120_000,
  );
  const { runs } = (await (await up.request('/api/v1/runs')).json()) as { runs: { status: string }[] };
  expect(runs.filter(({ status: one }) => one === 'successful').length).toBeGreaterThanOrEqual(8);
}, 180_000);
