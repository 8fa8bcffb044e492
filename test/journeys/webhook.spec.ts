import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '@runnel/testing';
import { removeFolder, runnel, startUp, type Up } from './up.ts';

let up: Up;
let folder: string;
let work: string;
let repository: string;

const git = (...args: string[]): Buffer =>
  execFileSync('git', ['-C', work, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { stdio: 'pipe' });

function pushVersion(version: string): void {
  const head = `cwlVersion: v1.2\n$namespaces: {s: https://schema.org/}\ns:softwareVersion: ${version}\nclass: CommandLineTool\nid: hooked\n`;
  writeFileSync(join(work, 'hooked.cwl'), `${head}baseCommand: "true"\ninputs: []\noutputs: []\n`);
  git('add', '-A');
  git('commit', '-qm', version);
  git('push', '-q', 'origin', 'main');
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runnel-webhook-'));
  work = join(folder, 'work');
  mkdirSync(work);
  repository = `file://${join(folder, 'remote.git')}`;
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', join(folder, 'remote.git')]);
  git('init', '-q', '-b', 'main');
  git('remote', 'add', 'origin', repository);
  pushVersion('1');
  const bindings = join(folder, 'bindings.json');
  writeFileSync(bindings, JSON.stringify([{ repository, workspace: 'demo', allowFile: true }]));
  // So rarely that nothing here is found by looking.
  up = await startUp({ args: ['--repositories', bindings, '--poll-seconds', '3600'] });
}, 120_000);
afterAll(async () => {
  await up.stop();
  removeFolder(up.folder);
  rmSync(folder, { recursive: true });
}, 60_000);

const version = async (): Promise<unknown> =>
  ((await (await up.request('/demo/ogc-api/processes/hooked')).json()) as { version?: string }).version;
const has = (wanted: string): Promise<true> =>
  eventually(`version ${wanted} is deployed`, async () => (await version()) === wanted, 30_000);

it('a push is deployed when its webhook comes; replayed and unsigned ones are refused', async () => {
  await has('1');
  const token = (await runnel(['token', 'create', '--data', up.folder, '--workspace', 'demo', '--scope', 'operator'])).stdout.trim();
  const told = await runnel(['harvest', 'webhook', repository, '--json'], { ...up.env, RUNNEL_TOKEN: token.split('\n').at(-1) ?? '' });
  const { url, secret } = JSON.parse(told.stdout) as { url: string; secret: string };
  const deliver = async (body: string, key = secret): Promise<number> => {
    const signature = `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
    return (await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature } }))
      .status;
  };
  pushVersion('2');
  const body = JSON.stringify({ ref: 'refs/heads/main', repository: { clone_url: 'https://elsewhere.example/x.git' } });
  expect(await deliver(body, 'guess')).toBe(401);
  expect(await version()).toBe('1');
  expect(await deliver(body)).toBe(202);
  await has('2');
  expect(await deliver(body)).toBe(409);
  expect((await fetch(url, { method: 'POST', body })).status).toBe(401);
  pushVersion('3');
  expect(await deliver(`${body} `)).toBe(202);
  await has('3');
}, 120_000);
