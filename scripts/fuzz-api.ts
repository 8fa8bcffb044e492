/**
 * Schemathesis (PyPI) on the OpenAPI documents of a running Runnel, with a token: generated requests, default checks. Exceptions stand in
 * schemathesis.toml. Skipped by name where it cannot be installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@runnel/embedded';

const root = join(import.meta.dirname, '..');
const version = '4.32.5';

const tool = installed();
if (tool === undefined) {
  console.log('skipped: schemathesis cannot be installed (python3 -m venv, pip)\n0 passed, 0 failed, 1 skipped');
} else {
  process.exitCode = await fuzz(tool);
}

/** In a virtual environment of this user, outside the clone. */
function installed(): string | undefined {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'runnel', `venv-schemathesis-${version}`);
  const program = join(folder, 'bin/schemathesis');
  if (existsSync(program)) return program;
  const run = (command: string, args: string[]): boolean => spawnSync(command, args, { stdio: 'inherit' }).status === 0;
  const made = run('python3', ['-m', 'venv', folder]) && run(join(folder, 'bin/pip'), ['install', '--quiet', `schemathesis==${version}`]);
  return made ? program : undefined;
}

async function fuzz(program: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'runnel-fuzz-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const log = join(folder, 'up.log');
  const out = openSync(log, 'w');
  const options = ['--data', join(folder, 'data'), '--port', String(port), '--no-public-echo'];
  const child = spawn(join(root, 'bin/runnel'), ['up', ...options], { stdio: ['ignore', out, out] });
  try {
    await untilReady(url, log);
    const words = ['token', 'create', '--data', join(folder, 'data'), '--workspace', 'demo'];
    const token = spawnSync(join(root, 'bin/runnel'), words, { encoding: 'utf8' }).stdout.trim();
    const document = process.argv[2] ?? `${url}/demo/ogc-api/api`;
    const args = ['--config-file', join(root, 'schemathesis.toml'), 'run', document, ...process.argv.slice(3)];
    const env = { ...process.env, RUNNEL_TOKEN: token, RUNNEL_JOB: await runOnce(url, token) };
    return spawnSync(program, args, { cwd: folder, stdio: 'inherit', env }).status ?? 1;
  } finally {
    child.kill('SIGTERM');
    await new Promise((done) => child.once('exit', done));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A job with results, so that what is about jobs is tried on one that is there. */
async function runOnce(url: string, token: string): Promise<string> {
  const answer = await fetch(`${url}/demo/ogc-api/jobs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', prefer: 'wait=30' },
    body: JSON.stringify({ process: 'echo', inputs: { message: 'hello', count: 1 } }),
  });
  const location = answer.headers.get('location') ?? '';
  if (!answer.ok || location === '') throw new Error(`echo: ${answer.status} ${await answer.text()}`);
  return location.slice(location.lastIndexOf('/') + 1);
}

async function untilReady(url: string, log: string): Promise<void> {
  for (let waited = 0; waited < 90_000; waited += 250) {
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((done) => setTimeout(done, 250));
  }
  throw new Error(`runnel up does not get ready:\n${readFileSync(log, 'utf8')}`);
}
