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

async function deployed(): Promise<string[]> {
  const { processes } = (await (await up.request('/demo/ogc-api/processes')).json()) as { processes: { id: string }[] };
  return processes.map(({ id }) => id).sort();
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
  await has(['first', 'other']);

  git('rm', '-q', 'flows/renamed.cwl');
  push('fifth');
  await has(['other']);
}, 180_000);
