/**
 * Schemathesis (PyPI) on the OpenAPI documents of a running Runnel, with a token: generated requests, default checks. Exceptions stand in
 * schemathesis.toml. Skipped by name where it cannot be installed. `fuzz-api.ts [FACE…] [-- option of schemathesis…]`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@runnel/embedded';

const root = join(import.meta.dirname, '..');
const version = '4.32.5';
/** Where each face describes itself. */
const documents = { ogc: '/demo/ogc-api/api', eodh: '/api/docs/workflow-runner/openapi.json', own: '/api/docs' };
type Face = keyof typeof documents;
/** Where options of its own begin. */
const own = process.argv.includes('--') ? process.argv.indexOf('--') : process.argv.length;

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
    // Of an operator too: else all that concerns other workspaces is only refused.
    const scopes = 'read,execute,deploy,write,tokens,manage,operator';
    const words = ['token', 'create', '--data', join(folder, 'data'), '--workspace', 'demo', '--scope', scopes];
    const token = spawnSync(join(root, 'bin/runnel'), words, { encoding: 'utf8' }).stdout.trim();
    const ask = askOf(url, token);
    await ask('/api/v1/workspaces', { name: 'fuzzed' });
    const env = { ...process.env, RUNNEL_TOKEN: token, RUNNEL_JOB: await runOnce(ask) };
    const outcomes: Outcome[] = [];
    for (const face of wanted()) outcomes.push(await fuzzOne(program, { face, document: url + documents[face], folder, env }));
    console.log(`\n${outcomes.map(({ face, examples }) => `${face}: ${examples} examples`).join('\n')}`);
    return outcomes.every(({ status }) => status === 0) ? 0 : 1;
  } finally {
    child.kill('SIGTERM');
    await new Promise((done) => child.once('exit', done));
    rmSync(folder, { recursive: true, force: true });
  }
}

function wanted(): Face[] {
  const named = process.argv.slice(2, own);
  const unknown = named.find((name) => !(name in documents));
  if (unknown !== undefined) throw new Error(`there is no face ${unknown}: ${Object.keys(documents).join(', ')}`);
  return (named.length > 0 ? named : Object.keys(documents)) as Face[];
}

interface Outcome {
  readonly face: Face;
  readonly status: number;
  /** Requests that were made up. */
  readonly examples: number;
}

interface Fuzzed {
  readonly face: Face;
  /** Its address. */
  readonly document: string;
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

async function fuzzOne(program: string, { face, document, folder, env }: Fuzzed): Promise<Outcome> {
  console.log(`\n== ${face}: ${document}`);
  const args = ['--config-file', join(root, 'schemathesis.toml'), 'run', document, ...process.argv.slice(own + 1)];
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], env });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    said += chunk.toString();
  });
  const [status] = (await once(child, 'close')) as [number | null];
  const examples = Number(/([\d,]+) generated/.exec(said)?.[1]?.replaceAll(',', '') ?? 0);
  return { face, status: status ?? 1, examples };
}

type Ask = (path: string, body: object) => Promise<Response>;

function askOf(url: string, token: string): Ask {
  return async (path, body) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', prefer: 'wait=30' };
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
}

/** A job with results, so that what is about jobs is tried on one that is there. */
async function runOnce(ask: Ask): Promise<string> {
  const location =
    (await ask('/demo/ogc-api/jobs', { process: 'echo', inputs: { message: 'hello', count: 1 } })).headers.get('location') ?? '';
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
