import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const program = new URL('../../../../bin/runnel-cwl', import.meta.url).pathname;
const image = 'localhost/runnel-test/alpine:1';
/** What `make rootfs` made becomes an image of podman: no registry is asked. */
const root = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'runnel/images/alpine');
const possible = canRunPodman();

function canRunPodman(): boolean {
  if (!existsSync(root) || spawnSync('podman', ['--version']).error !== undefined) return false;
  const imported = spawnSync('sh', ['-c', `tar -C "$1" -cf - . | podman import - ${image}`, 'import', root]);
  return imported.status === 0 && podman('run', '--rm', '--init', '--network', 'none', image, '/bin/true').status === 0;
}

function podman(...words: string[]): { status: number | null; stdout: string } {
  return spawnSync('podman', words, { encoding: 'utf8' });
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runnel-podman-'));
  mkdirSync(join(folder, 'tmp'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const tool = (name: string, ...lines: string[]): void =>
  writeFileSync(
    join(folder, name),
    ['cwlVersion: v1.2', 'class: CommandLineTool', `hints: { DockerRequirement: { dockerPull: "${image}" } }`, ...lines, ''].join('\n'),
  );
const options = (): Parameters<typeof spawn>[2] => ({
  cwd: folder,
  stdio: ['ignore', 'pipe', 'pipe'],
  env: { ...process.env, TMPDIR: join(folder, 'tmp') },
});

(possible ? describe : describe.skip)(`runnel-cwl --podman${possible ? '' : ' (no podman here that runs, or no make rootfs)'}`, () => {
  afterAll(() => void podman('rmi', '--force', image));

  it('runs a tool in the image: files in and out, its own folders, no network', () => {
    tool(
      'look.cwl',
      'requirements: { ShellCommandRequirement: {} }',
      'arguments:',
      '  - shellQuote: false',
      '    valueFrom: \'cat "$(inputs.given.path)"; test "$HOME" = "$(runtime.outdir)" && pwd; ls /sys/class/net\'',
      'inputs: { given: File }',
      'stdout: said.txt',
      'outputs: { said: stdout }',
    );
    writeFileSync(join(folder, 'given name.txt'), 'given\n');
    const out = execFileSync(program, ['--quiet', '--podman', '--outdir', 'out', 'look.cwl', '--given', 'given name.txt'], {
      ...options(),
      encoding: 'utf8',
    });
    const { said } = JSON.parse(out) as { said: { path: string } };
    const [given, workFolder, ...networks] = readFileSync(said.path, 'utf8').trim().split('\n');
    expect(given).toBe('given');
    expect(workFolder).toMatch(/^\//);
    expect(networks).toEqual(['lo']);
  });

  it('tells the exit code of the tool, and that an image is not there', () => {
    tool('fail.cwl', 'baseCommand: [sh, -c, "echo why >&2; exit 7"]', 'inputs: {}', 'outputs: {}');
    const failed = spawnSync(program, ['--podman', 'fail.cwl'], { ...options(), encoding: 'utf8' });
    expect(failed).toMatchObject({ status: 1, stderr: expect.stringMatching(/exit code 7[\s\S]*why/) });
  });

  it.each([
    ['a time limit', ['requirements: { ToolTimeLimit: { timelimit: 2 } }'], undefined, 1],
    ['an interruption', [], 'SIGTERM', 130],
  ] as const)('leaves no container after %s', async (_what, requirements, signal, code) => {
    tool('wait.cwl', ...requirements, 'baseCommand: [sleep, "600"]', 'inputs: {}', 'outputs: {}');
    const before = containers();
    const child = spawn(program, ['--quiet', '--podman', 'wait.cwl'], { ...options(), stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    while (containers().length === before.length) await new Promise((next) => setTimeout(next, 100));
    if (signal !== undefined) child.kill(signal);
    expect(await ended).toBe(code);
    expect(containers()).toEqual(before);
  });
});

function containers(): string[] {
  return podman('ps', '--all', '--quiet').stdout.split('\n').filter(Boolean).sort();
}
