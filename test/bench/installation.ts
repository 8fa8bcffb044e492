import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@runnel/embedded';
import { root } from './measure.ts';

/** What `addresses.json` of a data folder says. */
interface Addresses {
  postgres: string;
  nats: string;
  natsUser: string;
  natsPassword: string;
}

/** Times of a run as its status says them. */
export interface RunTimes {
  /** Milliseconds since 1970. */
  created: number;
  started: number;
  finished: number;
}

export interface Answer {
  status: number;
  text: string;
}

/** `bin/runnel up` in a folder of its own, with the two documents of `services/` deployed. */
export interface Installation {
  readonly folder: string;
  readonly addresses: Addresses;
  /** As `up` printed it. */
  readonly isolation: string;
  /** The process of the five services; Postgres and NATS are its children. */
  readonly pid: number;
  readonly port: number;
  /** Of workspace `bench`. */
  readonly token: string;
  readonly postgres: number[];
  readonly nats: number[];
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Executes a process and waits for its end; throws unless that is `successful`. */
  run(process: string, inputs: unknown): Promise<RunTimes & { id: string }>;
  close(): Promise<void>;
}

/** `nodeOptions`: for the process of the services alone; `args`: more of `up`. */
export async function startInstallation(nodeOptions: string[] = [], args: string[] = []): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'runnel-bench-'));
  const port = await freePort();
  const log = join(folder, 'up.log');
  const out = openSync(log, 'w');
  const child = spawn(join(root, 'bin/runnel'), ['up', '--data', join(folder, 'data'), '--port', String(port), ...args], {
    stdio: ['ignore', out, out],
    env: { ...process.env, NODE_OPTIONS: [process.env['NODE_OPTIONS'], ...nodeOptions].filter(Boolean).join(' ') },
  });
  try {
    const said = await untilReady(child, log);
    const data = join(folder, 'data');
    const token = execFileSync(join(root, 'bin/runnel'), ['token', 'create', '--data', data, '--workspace', 'bench'], {
      encoding: 'utf8',
    }).trim();
    const installation = open(folder, child, port, token, said);
    for (const name of ['say', 'scatter']) {
      const body = readFileSync(join(import.meta.dirname, 'services', `${name}.cwl`), 'utf8');
      const { status, text } = await installation.post('/bench/ogc-api/processes', body, { 'content-type': 'application/cwl+yaml' });
      if (status !== 201) throw new Error(`deploying ${name}: ${status} ${text}`);
    }
    return installation;
  } catch (error) {
    await end(child, folder);
    throw error;
  }
}

function open(folder: string, child: ChildProcess, port: number, token: string, said: string): Installation {
  // As a sender that keeps its connections would: thousands at once would be what is measured.
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const send = (method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const all = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers };
      const sent = request({ agent, port, host: '127.0.0.1', method, path, headers: all }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      sent.once('error', reject);
      sent.end(body);
    });
  const pid = child.pid ?? 0;
  const named = (name: string): number[] =>
    childrenOf(pid)
      .filter((one) => commandOf(one).includes(name))
      .flatMap((one) => [one, ...childrenOf(one)]);
  const installation: Installation = {
    folder: join(folder, 'data'),
    addresses: JSON.parse(readFileSync(join(folder, 'data', 'addresses.json'), 'utf8')) as Addresses,
    isolation: /^isolation +(.*)$/m.exec(said)?.[1] ?? 'unknown',
    pid,
    port,
    token,
    // Sessions come and go.
    get postgres() {
      return named('postgres');
    },
    get nats() {
      return named('nats-server');
    },
    post: (path, body, headers) => send('POST', path, typeof body === 'string' ? body : JSON.stringify(body), headers),
    get: (path, headers) => send('GET', path, undefined, headers),
    async run(process, inputs) {
      const { status, text } = await installation.post(`/bench/ogc-api/processes/${process}/execution`, { inputs });
      if (status !== 201) throw new Error(`executing ${process}: ${status} ${text.slice(0, 500)}`);
      const { jobID: id } = JSON.parse(text) as { jobID: string };
      return { id, ...(await timesOf(installation, id)) };
    },
    close: async () => {
      agent.destroy();
      await end(child, folder);
    },
  };
  return installation;
}

async function timesOf(installation: Installation, run: string): Promise<RunTimes> {
  for (;;) {
    const { text } = await installation.get(`/bench/ogc-api/jobs/${run}`);
    const job = JSON.parse(text) as { status: string; message: string; created: string; started: string; finished: string };
    if (job.status === 'successful')
      return { created: Date.parse(job.created), started: Date.parse(job.started), finished: Date.parse(job.finished) };
    if (job.status !== 'running' && job.status !== 'accepted') throw new Error(`run ${run} is ${job.status}: ${job.message}`);
    await sleep(200);
  }
}

async function untilReady(child: ChildProcess, log: string): Promise<string> {
  for (;;) {
    const said = readFileSync(log, 'utf8');
    if (/^ready: /m.test(said)) return said;
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`runnel up does not start:\n${said.slice(-2000)}`);
    await sleep(50);
  }
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
}

function childrenOf(pid: number): number[] {
  const listed = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' });
  const pairs = listed
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([child = 0, parent]) => (parent === pid ? [child] : []));
}

/** Empty for one that is gone. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Seconds of the services, of Postgres, of NATS. */
export const cpuOfParts = ({ pid, postgres, nats }: Installation): number[] => [[pid], postgres, nats].map(cpuSeconds);

/** Seconds of a process and of all that it started and that is still there. */
export function cpuOfTree(pid: number): number {
  const tree = [pid];
  for (const one of tree) tree.push(...childrenOf(one));
  return cpuSeconds(tree);
}

/** User and system time that these processes, and children of theirs that have ended, have used. */
function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // Of children that have ended too: they are counted with who started them.
      return sum + fields.slice(11, 15).reduce((ticks, field) => ticks + Number(field), 0) / 100;
    } catch {
      return sum;
    }
  }, 0);
}
