import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accept, deploy, newFolder, removeFolder, resultsOf, startUp, untilFinal, type Up } from './up.ts';

const mebibyte = 1024 ** 2;
/** The disk of these tests is a file system of its own, which only root may mount. */
const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

const writing = `cwlVersion: v1.2
class: CommandLineTool
id: writing
baseCommand: [sh, -c, 'head -c 300000 /dev/zero | tr "\\\\0" "$0" > out.txt']
inputs: {letter: {type: string, inputBinding: {}}}
outputs: {out: {type: File, outputBinding: {glob: out.txt}}}
`;

asRoot('an object store that fails', () => {
  const disk = newFolder();
  const store = join(disk, 'store');
  let up: Up;

  beforeAll(async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk]);
    mkdirSync(store);
    up = await startUp({ args: ['--objects', `file://${store}/`] });
    expect((await deploy(up, writing)).status).toBe(201);
  }, 120_000);

  afterAll(async () => {
    await up.stop();
    removeFolder(up.folder);
    execFileSync('umount', [disk]);
    removeFolder(disk);
  }, 60_000);

  const put = (name: string, body: Buffer): Promise<Response> =>
    up.request(`/workspaces/demo/files/${name}`, { method: 'PUT', body: new Uint8Array(body) });

  it('a full disk: what does not fit is refused and leaves nothing; a run waits and goes on by itself', async () => {
    const filler = join(disk, 'filler');
    writeFileSync(filler, Buffer.alloc(20 * mebibyte));
    const refused = await put('large.bin', Buffer.alloc(16 * mebibyte));
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await up.request('/workspaces/demo/files/large.bin')).status).toBe(404);

    fill(filler);
    const run = await accept(up, 'writing', { letter: 'a' });
    await untilSaid(up, /ENOSPC|no space/i);
    expect(await statusOf(up, run)).toMatch(/accepted|running/);
    rmSync(filler);
    expect(await untilFinal(up, run)).toMatchObject({ status: 'successful' });
    expect(await sizeOfResult(up, run)).toBe(300_000);
    expect((await put('large.bin', Buffer.alloc(16 * mebibyte))).status).toBe(201);
  }, 180_000);

  it('a backup whose disk fills is none: nothing is left of it, the reason is told, another place takes it', async () => {
    const place = join(disk, 'backup');
    const filler = join(disk, 'filler');
    fill(filler);
    const refused = await up.runnel(['backup', '--data', up.folder, '--to', place], 1);
    expect(refused.stderr).toContain(`there is no space left for ${place}`);
    rmSync(filler);
    expect(readdirSync(place)).toEqual([]);
    const elsewhere = join(up.folder, 'backup');
    await up.runnel(['backup', '--data', up.folder, '--to', elsewhere]);
    await up.runnel(['restore', '--verify-only', '--from', elsewhere]);
  }, 120_000);

  it('a store that is away: requests are told when to come back, a run goes on when it is there again', async () => {
    renameSync(store, join(disk, 'elsewhere'));
    const away = await up.request('/workspaces/demo/files/large.bin');
    const run = await accept(up, 'writing', { letter: 'b' });
    await sleep(1000);
    expect(await statusOf(up, run)).toMatch(/accepted|running/);
    rmSync(store, { recursive: true, force: true });
    renameSync(join(disk, 'elsewhere'), store);
    expect(away.status).toBe(503);
    expect(await untilFinal(up, run)).toMatchObject({ status: 'successful' });
    expect(await sizeOfResult(up, run)).toBe(300_000);
    expect((await up.request('/workspaces/demo/files/large.bin')).status).toBe(200);
  }, 180_000);
});

/** Writes until the disk is full. */
function fill(file: string): void {
  const block = Buffer.alloc(64 * 1024);
  try {
    for (;;) writeFileSync(file, block, { flag: 'a' });
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  }
}

async function untilSaid(up: Up, what: RegExp): Promise<void> {
  for (let tries = 0; tries < 600 && !what.test(up.output()); tries += 1) await sleep(100);
  expect(up.output()).toMatch(what);
}

async function statusOf(up: Up, run: string): Promise<string> {
  return ((await (await up.request(`/demo/ogc-api/jobs/${run}`)).json()) as { status: string }).status;
}

async function sizeOfResult(up: Up, run: string): Promise<number> {
  const { href } = (await resultsOf(up, run))['out'] as { href: string };
  return (await (await up.request(href)).arrayBuffer()).byteLength;
}
