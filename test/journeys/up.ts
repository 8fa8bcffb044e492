import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@runnel/embedded';

export const repository = join(import.meta.dirname, '../..');
const program = join(repository, 'bin/runnel');

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs `bin/runnel` to its end, as a user would. */
export async function runnel(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = listen(child);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, ...said() };
}

/** A `runnel up` of one's own. */
export interface Up {
  readonly folder: string;
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** For commands that find it, its user and the workspace in their environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What it printed so far. */
  output(): string;
  /** A `runnel` command against it; rejects unless the exit code is `code`. */
  runnel(args: string[], code?: number): Promise<Ended>;
  request(path: string, init?: RequestInit): Promise<Response>;
  /** Stops it in order; the folder stays for another start. */
  stop(): Promise<Ended>;
  /** kill -9 of the whole. */
  kill(): Promise<void>;
}

export interface UpOptions {
  folder?: string;
  port?: number;
  args?: string[];
  env?: Record<string, string>;
}

export async function startUp(options: UpOptions = {}): Promise<Up> {
  const folder = options.folder ?? newFolder();
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const args = ['up', '--data', folder, '--port', String(port), '--slots', '2', ...(options.args ?? [])];
  const child = spawn(program, args, { env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = listen(child);
  // Whoever looks for a fault reads there what a test keeps to itself.
  const logs = process.env['RUNNEL_TEST_LOGS'];
  if (logs !== undefined)
    for (const stream of [child.stdout, child.stderr]) stream.pipe(createWriteStream(join(logs, `up-${port}.log`), { flags: 'a' }));
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  await untilReady(child, url, said).catch(async (error: unknown) => {
    // Else its servers outlive the test, and the test does not end.
    if (child.kill('SIGTERM')) await ended;
    throw error;
  });
  const made = await runnel(['token', 'create', '--data', folder, '--workspace', 'demo']);
  const token = made.stdout.trim().split('\n').at(-1) ?? '';
  const env = { RUNNEL_URL: url, RUNNEL_TOKEN: token, RUNNEL_WORKSPACE: 'demo' };
  return {
    folder,
    port,
    url,
    pid: child.pid ?? 0,
    env,
    output: () => said().stdout + said().stderr,
    async runnel(words, code = 0) {
      const result = await runnel(words, env);
      if (result.code !== code) throw new Error(`runnel ${words.join(' ')}: exit ${result.code}\n${result.stdout}${result.stderr}`);
      return result;
    },
    request: (path, init = {}) =>
      fetch(new URL(path, url), { ...init, headers: { authorization: `Bearer ${token}`, ...(init.headers as Record<string, string>) } }),
    async stop() {
      child.kill('SIGTERM');
      const [code, signal] = await ended;
      return { code, signal, ...said() };
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'runnel-journey-'));

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function untilReady(child: ChildProcess, url: string, said: () => { stdout: string; stderr: string }): Promise<void> {
  for (let waited = 0; waited < 90_000; waited += 100) {
    if (child.exitCode !== null) throw new Error(`runnel up ended with ${child.exitCode}\n${said().stdout}${said().stderr}`);
    if (said().stdout.includes('\nready: ') && (await fetch(`${url}/health/ready`).catch(() => undefined))?.ok === true) return;
    await sleep(100);
  }
  throw new Error(`runnel up does not get ready\n${said().stdout}${said().stderr}`);
}

function listen(child: ChildProcess): () => { stdout: string; stderr: string } {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return () => ({ stdout, stderr });
}

export interface Job {
  jobID: string;
  status: string;
  message?: string;
  progress?: number;
}

export interface Executed {
  job: Job;
  /** Of a successful run. */
  results?: Record<string, unknown>;
}

/** Starts a run over HTTP and returns its id. */
export async function accept(up: Up, process: string, inputs: unknown): Promise<string> {
  const accepted = await up.request(`/demo/ogc-api/processes/${process}/execution`, {
    method: 'POST',
    body: JSON.stringify({ inputs }),
    headers: { 'content-type': 'application/json', prefer: 'respond-async' },
  });
  if (accepted.status !== 201) throw new Error(`execution of ${process}: ${accepted.status} ${await accepted.text()}`);
  return ((await accepted.json()) as Job).jobID;
}

/** Executes over HTTP and waits for the end. */
export async function execute(up: Up, process: string, inputs: unknown, patience = 120_000): Promise<Executed> {
  const id = await accept(up, process, inputs);
  const job = await untilFinal(up, id, patience);
  return job.status === 'successful' ? { job, results: await resultsOf(up, id) } : { job };
}

export async function resultsOf(up: Up, id: string): Promise<Record<string, unknown>> {
  return (await (await up.request(`/demo/ogc-api/jobs/${id}/results?f=json`)).json()) as Record<string, unknown>;
}

export async function untilFinal(up: Up, id: string, patience = 120_000): Promise<Job> {
  for (const end = Date.now() + patience; ;) {
    const job = (await (await up.request(`/demo/ogc-api/jobs/${id}`)).json()) as Job;
    if (job.status === 'successful' || job.status === 'failed' || job.status === 'dismissed') return job;
    if (Date.now() > end) throw new Error(`run ${id} is still ${job.status} after ${patience} ms: ${job.message ?? ''}`);
    await sleep(100);
  }
}

export function deploy(up: Up, document: string): Promise<Response> {
  return up.request('/demo/ogc-api/processes', { method: 'POST', body: document, headers: { 'content-type': 'application/cwl+yaml' } });
}
