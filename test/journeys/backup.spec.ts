import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, testPostgresUrl } from '@runnel/testing';
import { Client } from 'pg';
import { accept, deploy, execute, newFolder, removeFolder, resultsOf, runnel, startUp, untilFinal, type Up } from './up.ts';

/** Two steps: the first draws a number, the second waits for a file of its image before it gives the number back. */
const waiting = (gate: string): string => `cwlVersion: v1.2
$graph:
- class: Workflow
  id: waiting
  inputs: []
  outputs: {drawn: {type: string, outputSource: wait/out}}
  steps:
    draw: {run: '#draw', in: [], out: [out]}
    wait: {run: '#wait', in: {text: draw/out}, out: [out]}
- class: CommandLineTool
  id: draw
  baseCommand: [sh, -c, 'od -An -N8 -tx8 /dev/urandom | tr -d " \\n"']
  inputs: []
  stdout: text
  outputs: {out: {type: string, outputBinding: {glob: text, loadContents: true, outputEval: '$(self[0].contents)'}}}
- class: CommandLineTool
  id: wait
  requirements: {DockerRequirement: {dockerPull: gate}}
  baseCommand: [sh, -c, 'while [ ! -e "${gate}/open" ]; do sleep 0.1; done; printf %s "$0"']
  inputs: {text: {type: string, inputBinding: {}}}
  stdout: text
  outputs: {out: {type: string, outputBinding: {glob: text, loadContents: true, outputEval: '$(self[0].contents)'}}}
`;

const quick = `cwlVersion: v1.2
class: CommandLineTool
id: quick
baseCommand: [sh, -c, 'echo "$0" > out.txt']
inputs: {n: {type: int, inputBinding: {}}}
outputs: {out: {type: File, outputBinding: {glob: out.txt}}}
`;

let files: string;
beforeAll(() => void (files = mkdtempSync(join(tmpdir(), 'runnel-backup-'))));
afterAll(() => rmSync(files, { recursive: true }));

/** What a command that refuses ends with. */
const refusal = (text: string) => ({ code: 1, stderr: expect.stringContaining(text) });

/** A folder of the host that tools see as a part of their image. */
function makeGate(): { folder: string; images: string; open: () => void; close: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'runnel-gate-'));
  chmodSync(folder, 0o755);
  const images = join(folder, 'images.json');
  writeFileSync(images, JSON.stringify({ gate: { bin: '.', needs: ['.'] } }));
  return { folder, images, open: () => writeFileSync(join(folder, 'open'), ''), close: () => rmSync(join(folder, 'open')) };
}

/** Another first byte in an object of a backup. */
function spoil(folder: string, wanted: string): void {
  const list = gunzipSync(readFileSync(join(folder, 'objects.jsonl.gz')))
    .toString()
    .trim()
    .split('\n');
  const objects = list.map((line) => JSON.parse(line) as { key: string; pack: number; at: number });
  const { pack, at } = objects.find(({ key }) => key === wanted) ?? { pack: 0, at: 0 };
  const file = openSync(join(folder, 'packs', String(pack).padStart(6, '0')), 'r+');
  writeSync(file, '7', at);
  closeSync(file);
}

const place = (name: string): string => join(files, name);

async function drawnBy(up: Up, run: string): Promise<string | undefined> {
  const { steps } = (await (await up.request(`/api/v1/runs/${run}/steps`)).json()) as { steps: { step: string; status: string }[] };
  return steps.find(({ step }) => step === 'wait')?.status;
}

describe('a backup of an installation that works', () => {
  let up: Up;
  let restored: Up | undefined;
  const gate = makeGate();
  const images = ['--images', gate.images];
  const backup = (): string => place('running');
  let open = '';
  let over = '';

  beforeAll(async () => {
    up = await startUp({ args: images });
    expect((await deploy(up, waiting(gate.folder))).status).toBe(201);
    expect((await deploy(up, quick)).status).toBe(201);
  }, 120_000);
  afterAll(async () => {
    await up.stop();
    await restored?.stop();
    rmSync(gate.folder, { recursive: true });
    removeFolder(up.folder);
    removeFolder(place('restored'));
  }, 60_000);

  it('is taken while runs come and go', async () => {
    over = (await execute(up, 'quick', { n: 1 })).job.jobID;
    open = await accept(up, 'waiting', {});
    await eventually('its second step runs', async () => (await drawnBy(up, open)) === 'running', 60_000);
    let taking = true;
    const load = (async () => {
      for (let n = 0; taking; n += 1) {
        await accept(up, 'quick', { n });
        await sleep(50);
      }
    })();
    const taken = await up.runnel(['backup', '--data', up.folder, '--to', backup()]);
    taking = false;
    await load;
    expect(taken.stdout).toMatch(/backup in .*: \d+ rows, \d+ objects/);
    expect((await up.runnel(['restore', '--verify-only', '--from', backup()])).stdout).toMatch(/^verified: (\d+) of \1 objects/);
  }, 120_000);

  it('goes on in another folder: runs that were open end, those that were over keep their results, tokens stay', async () => {
    const folder = place('restored');
    expect((await runnel(['restore', '--data', folder, '--from', backup(), '--verify'])).stdout).toMatch(/^verified: (\d+) of \1 objects/);
    gate.open();
    restored = await startUp({ folder, args: images });
    // With the token of the installation that was backed up.
    const [one, other] = await Promise.all([untilFinal(up, open), untilFinal({ ...up, request: ask(up, restored) }, open)]);
    expect([one.status, other.status]).toEqual(['successful', 'successful']);
    // The first step was not repeated: it would have drawn another number.
    expect(await resultsOf(restored, open)).toEqual(await resultsOf(up, open));
    const { out } = (await resultsOf(restored, over)) as { out: { href: string } };
    expect(await (await restored.request(new URL(out.href).pathname)).text()).toBe('1\n');
    const known = JSON.parse((await restored.runnel(['ps', '--limit', '1000', '--json'])).stdout) as { run: string }[];
    for (const { run } of known) expect(await untilFinal(restored, run)).toMatchObject({ status: 'successful' });
  }, 240_000);

  it('is taken of one that is stopped, too', async () => {
    await restored?.stop();
    restored = undefined;
    const taken = await runnel(['backup', '--data', place('restored'), '--to', place('stopped'), '--json']);
    expect(JSON.parse(taken.stdout)).toMatchObject({ format: 'runnel-backup', objects: { content: true, missing: 0 } });
    expect((await runnel(['restore', '--verify-only', '--from', place('stopped')])).code).toBe(0);
  }, 60_000);

  it('is refused where it would spoil something, and says what to do', async () => {
    const again = await runnel(['backup', '--data', up.folder, '--to', backup()]);
    expect(again).toMatchObject(refusal('is not empty'));
    const inside = await runnel(['backup', '--data', up.folder, '--to', join(up.folder, 'objects/demo/backup')]);
    expect(inside).toMatchObject(refusal('lies in the object store'));
    const onto = await runnel(['restore', '--data', up.folder, '--from', backup()]);
    expect(onto).toMatchObject(refusal('is not empty'));
  }, 60_000);

  it('that is damaged, unfinished or of a newer release is refused before anything is made', async () => {
    const refusedAs = async (text: string): Promise<void> => {
      const refused = await runnel(['restore', '--data', place('new'), '--from', place('bad')]);
      expect(refused).toMatchObject(refusal(text));
      expect(existsSync(place('new'))).toBe(false);
      rmSync(place('bad'), { recursive: true });
    };
    const copy = (): void => void execFileSync('cp', ['-r', backup(), place('bad')]);
    copy();
    rmSync(place('bad/manifest.json'));
    await refusedAs('no finished backup');
    copy();
    writeFileSync(place('bad/database/runs.copy.gz'), '');
    await refusedAs('runs.copy.gz of the backup is damaged');
    copy();
    const manifest = JSON.parse(readFileSync(place('bad/manifest.json'), 'utf8')) as { database: { schema: number } };
    manifest.database.schema = 999;
    writeFileSync(place('bad/manifest.json'), JSON.stringify(manifest));
    await refusedAs('schema version 999');
  }, 60_000);

  it('whose objects are damaged leaves an empty folder, which a broken-off restore keeps from being started', async () => {
    execFileSync('cp', ['-r', backup(), place('bad')]);
    const key = `demo/results/${over}/out.txt`;
    spoil(place('bad'), key);
    const checked = await runnel(['restore', '--verify-only', '--from', place('bad')]);
    expect(checked).toMatchObject(refusal(key));
    expect((await runnel(['restore', '--data', place('new'), '--from', place('bad')])).code).not.toBe(0);
    expect(readdirSync(place('new'))).toEqual([]);
    writeFileSync(place('new/restoring'), '');
    const started = await runnel(['up', '--data', place('new'), '--port', '0']);
    expect(started).toMatchObject(refusal('has not ended'));
  }, 60_000);

  const fullDisk = process.getuid?.() === 0 ? it : it.skip;
  fullDisk(
    'taken while the disk fills leaves nothing',
    async () => {
      const small = place('small');
      mkdirSync(small);
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]);
      } catch {
        // A container without the right to mount.
        return;
      }
      try {
        const full = await runnel(['backup', '--data', up.folder, '--to', join(small, 'backup')]);
        expect(full).toMatchObject(refusal('no space left'));
        expect(readdirSync(join(small, 'backup'))).toEqual([]);
      } finally {
        execFileSync('umount', [small]);
      }
    },
    60_000,
  );
});

/** Requests of one installation's user sent to another. */
function ask(user: Up, other: Up): Up['request'] {
  return (path, init) => user.request(new URL(path, other.url).href, init);
}

describe('a database that is restored beside its object store', () => {
  const names = ['before', 'after'].map((name) => `test_${name}_${randomBytes(4).toString('hex')}`);
  const [before = '', after = ''] = names;
  const gate = makeGate();
  const folders = [newFolder(), newFolder()] as const;
  const asAdmin = async (...statements: string[]): Promise<void> => {
    const admin = new Client({ connectionString: testPostgresUrl() });
    await admin.connect();
    for (const statement of statements) await admin.query(statement);
    await admin.end();
  };
  const urlOf = (name: string): string => Object.assign(new URL(testPostgresUrl()), { pathname: `/${name}` }).href;

  const ups: Up[] = [];
  beforeAll(() => asAdmin(...names.map((name) => `create database ${name}`)));
  afterAll(async () => {
    for (const up of ups) await up.stop();
    await asAdmin(...names.map((name) => `drop database ${name} with (force)`));
    for (const folder of folders) removeFolder(folder);
    rmSync(gate.folder, { recursive: true });
  });

  it('takes what ended after the backup from the store, and repeats nothing', async () => {
    const objects = pathToFileURL(`${folders[0]}/objects/`).href;
    const old = await startUp({ folder: folders[0], args: ['--postgres', urlOf(before), '--images', gate.images] });
    ups.push(old);
    expect((await deploy(old, waiting(gate.folder))).status).toBe(201);
    const run = await accept(old, 'waiting', {});
    await eventually('its second step runs', async () => (await drawnBy(old, run)) === 'running', 60_000);
    const stores = ['--postgres', urlOf(before), '--objects', objects];
    await old.runnel(['backup', ...stores, '--no-content', '--to', place('list')]);
    gate.open();
    expect(await untilFinal(old, run)).toMatchObject({ status: 'successful' });
    const drawn = await resultsOf(old, run);
    await old.stop();
    // A second attempt would wait for ever.
    gate.close();
    const bare = ['restore', '--postgres', urlOf(after), '--objects', objects, '--from', place('list')];
    expect(await runnel(bare)).toMatchObject(refusal('--keep-objects'));
    expect((await runnel([...bare, '--keep-objects', '--verify'])).code).toBe(0);
    const fresh = await startUp({ folder: folders[1], args: ['--postgres', urlOf(after), '--objects', objects, '--images', gate.images] });
    ups.push(fresh);
    expect(await untilFinal(fresh, run)).toMatchObject({ status: 'successful' });
    expect(await resultsOf(fresh, run)).toEqual(drawn);
  }, 240_000);
});
