/** The judge of the CWL suites: cwltest (PyPI), and where the shared suite lies. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

const root = join(import.meta.dirname, '..');
const cwltest = 'cwltest==2.7.20260814150058';

/** List of the official tests that lie beside the repository (or in RUNNEL_SHARED). */
export const officialTests = join(resolve(process.env['RUNNEL_SHARED'] ?? join(root, '../shared')), 'cwl/conformance/conformance_dev.yaml');

/** What keeps the official tests from being run here; undefined where nothing does. */
export async function missingForOfficialTests(): Promise<string | undefined> {
  if (!existsSync(officialTests)) return 'no cwl/conformance beside the repository';
  return (await cwltestPath()) === undefined ? 'cwltest cannot be installed (python3 -m venv, pip)' : undefined;
}

/** cwltest in a virtual environment of this user, outside the clone. */
export async function cwltestPath(): Promise<string | undefined> {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'runnel', 'venv-cwltest');
  const program = join(folder, 'bin/cwltest');
  if (existsSync(program)) return program;
  const made = await capture('python3', ['-m', 'venv', folder], root);
  if (made.code !== 0) return undefined;
  const installed = await capture(join(folder, 'bin/pip'), ['install', '--quiet', cwltest], root);
  return installed.code === 0 ? program : undefined;
}

/** Runs a program to its end; both of its outputs as one text. */
export function capture(
  program: string,
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', (error) => done({ code: 127, output: String(error) }));
    child.once('close', (code) => done({ code: code ?? 1, output }));
  });
}
