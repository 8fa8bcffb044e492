import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
    JSON.stringify([
      { repository: `file://${remote}`, branch: 'main', paths: ['flows/**/*.cwl'], workspace: 'demo', allowFile: true },
      { repository: `file://${remote}`, branch: 'stac', paths: ['**/*.json'], workspace: 'demo', allowFile: true },
      { repository: `file://${folder}/away.git`, workspace: 'demo', allowFile: true },
      { files: ['mine/**'], workspace: 'demo' },
    ]),
  );
  up = await startUp({ args: ['--repositories', bindings, '--poll-seconds', '1'] });
}, 120_000);
afterAll(async () => {
  await up.stop();
  removeFolder(up.folder);
  rmSync(folder, { recursive: true });
}, 60_000);

interface Status {
  branches: { repository: string; branch: string; error?: string; failures: number }[];
  files: { path: string; outcome: string; reason?: string }[];
}
const status = async (): Promise<Status> => (await (await up.request('/api/v1/harvest')).json()) as Status;

const branch = async (name: string) =>
  (await status()).branches.find((one) => one.branch === name && one.repository.endsWith('/remote.git'));

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
  // More than a message may hold, more than is read, and a link that leads out of the tree.
  writeFileSync(join(work, 'flows/large.cwl'), `${echo('large', 'l')}# ${'x'.repeat(600_000)}\n`);
  writeFileSync(join(work, 'flows/huge.cwl'), `# ${'x'.repeat(11_000_000)}`);
  symlinkSync('/etc/passwd', join(work, 'flows/link.cwl'));
  push('large');
  await has(['first', 'large', 'other']);
  await eventually('each file has its outcome', async () => {
    const files = new Map((await status()).files.map(({ path, outcome, reason }) => [path, `${outcome} ${reason ?? ''}`]));
    return (
      files.get('flows/other.cwl') === 'deployed ' &&
      /^refused 1:1 ./.test(files.get('flows/broken.cwl') ?? '') &&
      files.get('flows/large.cwl') === 'deployed ' &&
      files.get('flows/huge.cwl') === 'refused it has 11000002 bytes, the limit is 10485760' &&
      files.get('flows/link.cwl') === 'refused it is a symbolic link, which is not followed'
    );
  });
  expect((await up.runnel(['harvest', 'status'])).stdout).toMatch(/flows\/huge\.cwl +\w{10} +refused +it has 11000002 bytes/);
  git('rm', '-q', 'flows/large.cwl');
  push('smaller');

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
  await eventually('the branch is gone', async () => (await branch('main'))?.error?.includes('the branch is gone') === true);
  await has(['first']);
  git('push', '-q', 'origin', 'main');
  await eventually('the branch is back', async () => (await branch('main'))?.error === undefined);
  // One that is away keeps nobody waiting, is told, and tried again.
  const away = (await status()).branches.find(({ repository }) => repository.endsWith('/away.git'));
  expect([away?.error, (away?.failures ?? 0) > 1]).toEqual([expect.stringContaining('does not appear to be a git repository'), true]);
}, 240_000);

const item = (id: string, more: object = {}): string =>
  JSON.stringify({
    ...{ type: 'Feature', stac_version: '1.0.0', id, collection: 'scenes', geometry: null, links: [], assets: {} },
    ...{ properties: { datetime: '2026-01-01T00:00:00Z' }, ...more },
  });
const stac = '/api/catalogue/stac/catalogs/user/catalogs/demo';

async function itemsOf(collection: string): Promise<string[]> {
  const page = (await (await up.request(`${stac}/collections/${collection}/items`)).json()) as { features?: { id: string }[] };
  return (page.features ?? []).map(({ id }) => id);
}
const hasItems = (collection: string, ids: string[]): Promise<true> =>
  eventually(`${collection} holds ${ids.join()}`, async () => (await itemsOf(collection)).join() === ids.join(), 30_000);

it('STAC documents of a branch stand in the catalogue, and start runs', async () => {
  const definition = join(folder, 'items.yml');
  writeFileSync(definition, 'on: event\ntype: runnel.stac.item.v1\nprocess: first\n');
  await up.runnel(['trigger', 'create', 'items', definition]);
  git('checkout', '-q', '--orphan', 'stac');
  git('rm', '-rqf', '.');
  const commit = (message: string): void => {
    git('add', '-A');
    git('commit', '-qm', message);
    git('push', '-q', 'origin', 'stac');
  };
  writeFileSync(join(work, 'a.json'), item('a', { assets: { data: { href: './a.tif' } } }));
  writeFileSync(join(work, 'bad.json'), '{"type": "Feature"}');
  symlinkSync('../../../../etc/passwd', join(work, 'link.json'));
  commit('items');
  await hasItems('scenes', ['a']);
  await eventually('its trigger has fired', async () => (await up.runnel(['trigger', 'show', 'items'])).stdout.includes('started'), 30_000);
  const shown = (await (await up.request(`${stac}/collections/scenes/items/a`)).json()) as { assets: { data: { href: string } } };
  expect(shown.assets.data.href).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/workspaces\/demo\/files\/harvested\/.*\/stac\/a\.tif$/);

  renameSync(join(work, 'a.json'), join(work, 'b.json'));
  writeFileSync(join(work, 'c.json'), item('c'));
  commit('renamed');
  await hasItems('scenes', ['a', 'c']);
  const files = new Map((await status()).files.map(({ path, outcome, reason }) => [path, `${outcome} ${reason ?? ''}`]));
  expect(files.get('bad.json')).toMatch(/^refused its stac_version is missing/);
  expect(files.get('link.json')).toBe('refused it is a symbolic link, which is not followed');
  git('rm', '-q', 'b.json');
  commit('removed');
  await hasItems('scenes', ['c']);
}, 180_000);

it('files of the workspace are watched likewise', async () => {
  const put = (path: string, body: string) => up.request(`/workspaces/demo/files/${path}`, { method: 'PUT', body });
  await put('mine/x.json', item('x', { collection: 'own' }));
  await put('mine/flow.cwl', echo('mine', 'm'));
  await put('elsewhere/y.json', item('y', { collection: 'own' }));
  await hasItems('own', ['x']);
  await eventually('the workflow is deployed', async () => (await deployed()).includes('mine'));
  await put('mine/x.json', item('z', { collection: 'own' }));
  await hasItems('own', ['z']);
  for (const path of ['mine/x.json', 'mine/flow.cwl']) await up.request(`/workspaces/demo/files/${path}`, { method: 'DELETE' });
  await hasItems('own', []);
  await eventually('the workflow is gone', async () => !(await deployed()).includes('mine'));
}, 120_000);

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
