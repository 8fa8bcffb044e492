import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const program = new URL('../../../../bin/runnel-cwl', import.meta.url).pathname;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runnel-snapshot-'));
  mkdirSync(join(folder, 'tmp'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(words: string[], env: Record<string, string> = {}): ReturnType<typeof spawn> {
  return spawn(program, words, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: join(folder, 'tmp'), ...env },
  });
}

async function ended(child: ReturnType<typeof spawn>): Promise<{ code: number | null; out: string; err: string }> {
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

const document = (name: string, text: string): void => writeFileSync(join(folder, name), `cwlVersion: v1.2\n${text}`);

describe('bin/runnel-cwl, started from its snapshot', () => {
  it('is started from it', async () => {
    document('wait.cwl', 'class: CommandLineTool\nbaseCommand: [sleep, "60"]\ninputs: {}\noutputs: {}\n');
    const child = start(['--quiet', 'wait.cwl']);
    const end = ended(child);
    while (!readdirSync(join(folder, 'tmp')).some((name) => name.startsWith('runnel-cwl-')))
      await new Promise((next) => setTimeout(next, 10));
    expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')).toContain('--snapshot-blob');
    child.kill('SIGTERM');
    expect((await end).code).toBe(130);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });

  it('remembers nothing of the machine that made it: folder, environment, clock, randomness', async () => {
    document(
      'tell.cwl',
      [
        'class: CommandLineTool',
        'baseCommand: [sh, -c, \'echo "$GREETING $HOME"\']',
        'inputs: {}',
        'stdout: said.txt',
        'outputs: { said: stdout }',
        '',
      ].join('\n'),
    );
    const told = async (greeting: string): Promise<{ text: string; home: string; stamp: number }> => {
      const { code, out, err } = await ended(
        start(['--timestamps', '--preserve-environment', 'GREETING', '--outdir', greeting, 'tell.cwl'], { GREETING: greeting }),
      );
      expect({ code, err }).toMatchObject({ code: 0 });
      const { said } = JSON.parse(out) as { said: { path: string } };
      expect(said.path).toBe(join(folder, greeting, 'said.txt'));
      const [text = '', home = ''] = readFileSync(said.path, 'utf8').trim().split(' ');
      return { text, home, stamp: Date.parse(/\[([^\]]+)\]/.exec(err)?.[1] ?? '') };
    };
    const before = Date.now();
    const first = await told('hello');
    const second = await told('welcome');
    expect([first.text, second.text]).toEqual(['hello', 'welcome']);
    expect(first.home).toContain(join(folder, 'tmp'));
    expect(second.home).not.toBe(first.home);
    expect(first.stamp).toBeGreaterThanOrEqual(before);
    expect(second.stamp).toBeLessThanOrEqual(Date.now());
  });

  it('evaluates JavaScript in a thread of its own, and reads what is loaded lazily', async () => {
    document(
      'sum.cwl',
      [
        'class: ExpressionTool',
        'requirements: { InlineJavascriptRequirement: {} }',
        'inputs: { numbers: "int[]" }',
        'outputs: { sum: int }',
        "expression: '${ return { sum: inputs.numbers.reduce((a, b) => a + b, 0) }; }'",
        '',
      ].join('\n'),
    );
    writeFileSync(join(folder, 'job.json'), '{ "numbers": [1, 2, 39] }');
    const { code, out } = await ended(start(['--quiet', 'sum.cwl', 'job.json']));
    expect({ code, outputs: JSON.parse(out) as unknown }).toEqual({ code: 0, outputs: { sum: 42 } });
    const dot = await ended(start(['--print-dot', 'sum.cwl']));
    expect(dot).toMatchObject({ code: 0 });
    expect(dot.out).toContain('digraph');
    expect((await ended(start(['--help']))).out).toContain('--provenance');
  });
});
