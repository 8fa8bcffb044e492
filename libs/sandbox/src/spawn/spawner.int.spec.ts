import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { detectIsolation, noIsolation } from '../isolation/detect.ts';
import type { SpawnRequest } from '../types.ts';
import { belongsTo, listPids } from './process-tree.ts';
import { createSpawner } from './spawner.ts';

const best = (await detectIsolation()).mode;
const modes = best.namespaces === 'none' ? [noIsolation] : [noIsolation, best];

let base: string;
let count = 0;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'runnel-spawn-'));
  chmodSync(base, 0o711);
  mkdirSync(join(base, 'work'), { mode: 0o711 });
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function attempt(script: string, more: Partial<SpawnRequest> = {}): SpawnRequest {
  const folder = join(base, 'work', String((count += 1)));
  for (const name of ['out', 'tmp', 'in']) mkdirSync(join(folder, name), { recursive: true });
  const [out, tmp] = [join(folder, 'out'), join(folder, 'tmp')];
  return {
    argv: ['sh', '-c', script],
    env: { HOME: out, TMPDIR: tmp, PATH: '/usr/bin:/bin' },
    cwd: out,
    log: join(folder, 'log'),
    network: false,
    writable: [out, tmp],
    readable: [join(folder, 'in')],
    binds: [],
    ...more,
  };
}

const processesBelow = (folder: string): number[] => listPids().filter((pid) => belongsTo(pid, [folder]));

describe.each(modes)('tools in slots ($uid, $namespaces)', (isolation) => {
  let spawner: ReturnType<typeof createSpawner>;
  beforeEach(() => {
    spawner = createSpawner({ isolation, control: join(base, 'control'), workRoot: join(base, 'work'), graceSeconds: 0.3 });
  });
  afterEach(() => spawner.close());

  it('sees only the environment that it is given', async () => {
    const request = attempt('', { argv: ['env'] });
    const { exitCode } = await spawner.run({
      ...request,
      stdout: join(request.cwd, 'env.txt'),
      env: { ...request.env, 'a.b': "it's", EMPTY: '' },
    }).result;
    const lines = readFileSync(join(request.cwd, 'env.txt'), 'utf8').trim().split('\n').sort();
    expect(exitCode).toBe(0);
    expect(lines).toEqual(['EMPTY=', `HOME=${request.cwd}`, 'PATH=/usr/bin:/bin', `TMPDIR=${request.env['TMPDIR']}`, "a.b=it's"]);
  });

  it('reads and writes the files of its redirections and logs the rest, also by /dev/stderr', async () => {
    const request = attempt('cat; echo to the log >&2; echo also >/dev/stderr');
    const stdin = join(request.readable[0] ?? '', 'text');
    writeFileSync(stdin, 'hello');
    const result = await spawner.run({ ...request, stdin, stdout: join(request.cwd, 'copy') }).result;
    expect(result).toMatchObject({ exitCode: 0, logTail: 'to the log\nalso', logBytes: 16 });
    expect(readFileSync(join(request.cwd, 'copy'), 'utf8')).toBe('hello');
    expect(readFileSync(request.log, 'utf8')).toBe('to the log\nalso\n');
  });

  it.each([
    ['exit 3', { exitCode: 3 }],
    ['kill -9 $$', { exitCode: 137, signal: 'SIGKILL' }],
    ['kill -TERM $$', { exitCode: 143, signal: 'SIGTERM' }],
  ])('says how `%s` ended', async (script, expected) => {
    expect(await spawner.run(attempt(script)).result).toMatchObject(expected);
  });

  it('says that a program is not there', async () => {
    const { exitCode } = await spawner.run(attempt('', { argv: ['/nowhere/program'] })).result;
    expect(exitCode).toBe(127);
  });

  it('runs several at a time, and one after another in the same slot', async () => {
    const results = await Promise.all(
      Array.from({ length: 6 }, (_, index) => spawner.run(attempt(`echo ${index} >&2; exit ${index}`)).result),
    );
    expect(results.map(({ exitCode, logTail }) => [exitCode, logTail])).toEqual([0, 1, 2, 3, 4, 5].map((index) => [index, String(index)]));
    expect((await spawner.run(attempt('exit 7')).result).exitCode).toBe(7);
  });

  it('ends a tool that ignores SIGTERM when its time is over, with all that it started', async () => {
    const request = attempt("trap '' TERM; sleep 60 & setsid sleep 60 & while :; do sleep 1; done", { timeLimit: 0.2 });
    expect(await spawner.run(request).result).toMatchObject({ limit: 'time' });
    expect(processesBelow(request.cwd)).toEqual([]);
  });

  it('leaves a tool that ends itself on SIGTERM the time to do so', async () => {
    const request = attempt("trap 'echo cleaned up >&2; exit 4' TERM; while :; do sleep 0.05; done", { timeLimit: 0.2 });
    expect(await spawner.run(request).result).toMatchObject({ limit: 'time', exitCode: 4, logTail: expect.stringContaining('cleaned up') });
  });

  it('ends a tool that needs too much memory', async () => {
    const script = 'tail /dev/zero';
    expect(await spawner.run(attempt(script, { memoryLimitMiB: 50 })).result).toMatchObject({ limit: 'memory' });
  });

  it('ends a tool that writes too much, in one file or in many', async () => {
    const one = attempt('dd if=/dev/zero of=big bs=1M count=2000 2>/dev/null', { outputLimitBytes: 3_000_000 });
    expect(await spawner.run(one).result).toMatchObject({ limit: 'output' });
    expect(statSync(join(one.cwd, 'big')).size).toBeLessThanOrEqual(3_000_320);
    const many = attempt('i=0; while :; do i=$((i+1)); dd if=/dev/zero of=f$i bs=100k count=1 2>/dev/null; done', {
      outputLimitBytes: 3_000_000,
    });
    expect(await spawner.run(many).result).toMatchObject({ limit: 'output' });
  });

  it('kills what a tool leaves behind in a session of its own', async () => {
    const request = attempt('setsid sleep 60 >/dev/null 2>&1 & (setsid sh -c "sleep 60 & sleep 60" >/dev/null 2>&1 &) ; sleep 0.1');
    expect((await spawner.run(request).result).exitCode).toBe(0);
    for (let round = 0; round < 100 && processesBelow(request.cwd).length > 0; round += 1) await delay(20);
    expect(processesBelow(request.cwd)).toEqual([]);
    expect((await spawner.run(attempt('exit 5')).result).exitCode).toBe(5);
  });

  it('cancels: nothing is left when that has resolved', async () => {
    const request = attempt('setsid sleep 60 & sleep 60 & sleep 60');
    const tool = spawner.run(request);
    while (processesBelow(request.cwd).length < 4) await delay(5);
    await tool.cancel();
    expect(processesBelow(request.cwd)).toEqual([]);
    expect(await tool.result).toMatchObject({ cancelled: true });
  });

  it('survives a line of 300 MB without a newline', async () => {
    const request = attempt('head -c 300000000 /dev/zero >&2; echo; echo end >&2');
    const result = await spawner.run(request).result;
    expect(result).toMatchObject({ exitCode: 0, logBytes: 300_000_005 });
    expect(result.logGap).toBe(300_000_005 - 64 * 1024 * 1024);
    expect(statSync(request.log).size).toBeLessThan(65 * 1024 * 1024);
  }, 60_000);

  it('counts the processor time of the tool', async () => {
    const { cpuSeconds } = await spawner.run(attempt('i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done')).result;
    expect(cpuSeconds).toBeGreaterThan(0.02);
    const { cpuSeconds: next } = await spawner.run(attempt(':')).result;
    expect(next).toBeLessThan(cpuSeconds);
  });
});

describe('the death of the service', () => {
  const children: number[] = [];
  afterAll(() => {
    for (const pid of children) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended, as it should.
      }
    }
  });

  it.each(modes)('by kill -9 ends its tools ($uid, $namespaces)', async (isolation) => {
    const request = attempt('setsid sleep 60 & sleep 60');
    const options = { isolation, control: join(base, 'control'), workRoot: join(base, 'work'), temporary: base };
    const script = `import { createSpawner } from ${JSON.stringify(new URL('./spawner.ts', import.meta.url).href)};
      createSpawner(${JSON.stringify(options)}).run(${JSON.stringify(request)});`;
    const service = spawn(process.execPath, ['--conditions=@runnel/source', '--input-type=module', '-e', script], { stdio: 'inherit' });
    children.push(service.pid ?? 0);
    while (processesBelow(request.cwd).length < 3) await delay(10);
    service.kill('SIGKILL');
    while (processesBelow(request.cwd).length > 0) await delay(10);
    if (isolation.namespaces === 'none') while (existsSync(base)) await delay(10);
  });
});
