import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startInstallation, type Installation } from './installation.ts';
import { median, percentile, printRows, root, type Row } from './measure.ts';

const files = 10_000;
/** Of the large commit these are workflows, the others STAC items. */
const workflows = 100;
const pushes = 20;

/** A watched branch: a commit of one file after its webhook, and one of ten thousand. */
export async function benchHarvest(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'runnel-bench-harvest-'));
  const work = join(folder, 'work');
  const repository = `file://${join(folder, 'remote.git')}`;
  const git = (...args: string[]): Buffer =>
    execFileSync('git', ['-C', work, '-c', 'user.name=b', '-c', 'user.email=b@example.org', ...args], { stdio: 'pipe' });
  mkdirSync(work);
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', join(folder, 'remote.git')]);
  git('init', '-q', '-b', 'main');
  git('remote', 'add', 'origin', repository);
  const push = (): void => {
    git('add', '-A');
    git('commit', '-qm', 'bench');
    git('push', '-q', 'origin', 'main');
  };
  writeFileSync(join(work, 'hooked.cwl'), tool('hooked', '0'));
  push();
  const bindings = join(folder, 'bindings.json');
  writeFileSync(bindings, JSON.stringify([{ repository, paths: ['**/*.{cwl,json}'], workspace: 'bench', allowFile: true }]));
  const installation = await startInstallation([], ['--repositories', bindings, '--poll-seconds', '3600']);
  const database = new Client({ connectionString: installation.addresses.postgres });
  try {
    await database.connect();
    await untilTrue(database, `select exists (select from processes where id = 'hooked') as done`);
    const hook = await hookOf(installation, repository);
    const small: number[] = [];
    for (let n = 1; n <= pushes; n += 1) {
      writeFileSync(join(work, 'hooked.cwl'), tool('hooked', String(n)));
      push();
      small.push(await timed(installation, hook, () => untilTrue(database, deployedVersion(n))));
    }
    for (let n = 0; n < files; n += 1) {
      if (n < workflows) writeFileSync(join(work, `w${n}.cwl`), tool(`w${n}`, '1'));
      else writeFileSync(join(work, `i${n}.json`), item(n));
    }
    push();
    const large = await timed(installation, hook, () => untilTrue(database, everything));
    printRows('a watched branch, webhook to deployed and catalogued', rowsOf(small, large));
  } finally {
    await database.end();
    await installation.close();
    rmSync(folder, { recursive: true });
  }
}

const deployedVersion = (n: number): string =>
  `select exists (select from processes where id = 'hooked' and description->>'version' = '${n}') as done`;
const everything = `select (select count(*) from deployments where outcome in ('deployed', 'catalogued') and path <> 'hooked.cwl') = ${files} as done`;

interface Hook {
  url: string;
  secret: string;
}

async function hookOf(installation: Installation, repository: string): Promise<Hook> {
  const create = ['token', 'create', '--data', installation.folder, '--workspace', 'bench', '--scope', 'operator'];
  const token = execFileSync(join(root, 'bin/runnel'), create, { encoding: 'utf8' }).trim().split('\n').at(-1) ?? '';
  const { text } = await installation.get(`/api/v1/harvest/webhook?repository=${encodeURIComponent(repository)}`, {
    authorization: `Bearer ${token}`,
  });
  return JSON.parse(text) as Hook;
}

/** Milliseconds from the webhook to what follows from it. */
async function timed(installation: Installation, { url, secret }: Hook, done: () => Promise<void>): Promise<number> {
  const body = JSON.stringify({ ref: 'refs/heads/main', at: performance.now() });
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  const begun = performance.now();
  const { status, text } = await installation.post(new URL(url).pathname, body, { 'x-hub-signature-256': signature });
  if (status !== 202) throw new Error(`webhook: ${status} ${text}`);
  await done();
  return performance.now() - begun;
}

async function untilTrue(database: Client, question: string): Promise<void> {
  for (;;) {
    const { rows } = await database.query<{ done: boolean }>(question);
    if (rows[0]?.done) return;
    await sleep(10);
  }
}

const tool = (id: string, version: string): string => `cwlVersion: v1.2
$namespaces: {s: https://schema.org/}
s:softwareVersion: "${version}"
class: CommandLineTool
id: ${id}
baseCommand: echo
inputs: {word: {type: string, inputBinding: {}}}
outputs: {out: stdout}
`;

const item = (n: number): string =>
  JSON.stringify({
    ...{ type: 'Feature', stac_version: '1.0.0', id: `item-${n}`, collection: `c${n % 10}`, links: [] },
    ...{ geometry: { type: 'Point', coordinates: [n % 180, 0] }, bbox: [n % 180, 0, n % 180, 0] },
    properties: { datetime: '2026-01-01T00:00:00Z', note: 'x'.repeat(500) },
    assets: { data: { href: `./data/${n}.tif` } },
  });

function rowsOf(small: number[], large: number): Row[] {
  const row = (what: string, ours: string, target: string): Row => ({ what, ours, target, peer: '', ratio: '' });
  return [
    row(`a commit of one file, median of ${pushes}`, `${median(small).toFixed(0)} ms`, '<= 1000 ms'),
    row(`a commit of one file, slowest of ${pushes}`, `${percentile(small, 100).toFixed(0)} ms`, '<= 1000 ms'),
    row(`a commit of ${files} files, ${workflows} of them workflows`, `${(large / 1000).toFixed(1)} s`, '<= 30 s'),
  ];
}
