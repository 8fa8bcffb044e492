/**
 * The api beside pygeoapi, the reference implementation, on the same machine in the same minutes: 8 connections, our token check and policy on, our
 * services running. pygeoapi asks nobody who they are. `make bench-api`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadavg } from 'node:os';
import { embeddedPolicy } from '@runnel/access';
import { Client } from 'pg';
import { cpuOfTree, startInstallation } from '../installation.ts';
import type { Installation } from '../installation.ts';
import { median, percentile, printRows, times } from '../measure.ts';
import type { Row } from '../measure.ts';
import { followRun } from './followers.ts';
import { load } from './load.ts';
import type { LoadResult, Request } from './load.ts';
import { startPygeoapi } from './pygeoapi.ts';
import type { Peer } from './pygeoapi.ts';

const connections = 8;
const seconds = Number(process.env['BENCH_SECONDS'] ?? 5);
const postSeconds = Number(process.env['BENCH_POST_SECONDS'] ?? 20);

const perSecond = (value: number): string => `${value < 100 ? value.toFixed(1) : value.toFixed(0)}/s`;
const ms = (value: number): string => `${value.toFixed(1)} ms`;

interface Sides {
  installation: Installation;
  ours: Omit<Request, 'path' | 'method' | 'expect'>;
  peer: Peer | undefined;
}

const peerRequest = (port: number): Omit<Request, 'path' | 'method' | 'expect'> => ({
  port,
  headers: { 'content-type': 'application/json', accept: 'application/json' },
});

async function sides(): Promise<Sides> {
  const peer = await startPygeoapi();
  if (!peer) console.log('skipped: pygeoapi cannot be installed (python3 -m venv, pip); what follows is without a peer');
  const installation = await startInstallation();
  const ours = {
    port: installation.port,
    headers: { authorization: `Bearer ${installation.token}`, 'content-type': 'application/json', accept: 'application/json' },
  };
  return { installation, ours, peer };
}

interface Loaded extends LoadResult {
  /** Milliseconds of CPU that an answer took, of the server and all its processes: whatever else the machine did meanwhile. */
  cpu: number;
}

async function loadOf(pid: number, request: Request, many: number, span: number): Promise<Loaded> {
  const before = cpuOfTree(pid);
  const result = await load(request, many, span);
  return { ...result, cpu: ((cpuOfTree(pid) - before) * 1000) / result.latencies.length };
}

/** Seconds of load before what is measured: neither side is then compiling what it runs. */
const warmSeconds = 2;

async function warmLoadOf(pid: number, request: Request): Promise<Loaded> {
  await load(request, connections, warmSeconds);
  return loadOf(pid, request, connections, seconds);
}

/** The same question to both. */
async function reads(
  { ours, peer, installation }: Sides,
  what: string,
  paths: { ours: string; peer: string | undefined },
  target: string,
): Promise<Row> {
  const mine = await warmLoadOf(installation.pid, { ...ours, method: 'GET', path: paths.ours, expect: 200 });
  const theirs =
    peer && paths.peer !== undefined
      ? await warmLoadOf(peer.pid, { ...peerRequest(peer.port), method: 'GET', path: paths.peer, expect: 200 })
      : undefined;
  return rowOf(what, mine, theirs, target);
}

function rowOf(what: string, mine: Loaded, theirs: Loaded | undefined, target: string): Row {
  const shown = ({ rate, latencies, cpu }: Loaded): string =>
    `${perSecond(rate)}, p99 ${ms(percentile(latencies, 99))}, CPU ${cpu.toFixed(2)} ms`;
  const ratio = theirs ? `${times(mine.rate / theirs.rate)}, by CPU ${times(theirs.cpu / mine.cpu)}` : '';
  return { what, ours: shown(mine), peer: theirs ? shown(theirs) : '', ratio, target };
}

const echoBody = JSON.stringify({ inputs: { message: 'hello' } });
const echo = '/bench/ogc-api/processes/echo/execution';

/** Executions for 20 s; then until the last has ended. */
async function executions({ ours, peer, installation }: Sides): Promise<{ rows: Row[]; job: string; peerJob: string | undefined }> {
  const request: Request = { ...ours, method: 'POST', path: echo, body: echoBody, expect: 201 };
  request.headers = { ...request.headers, prefer: 'respond-async' };
  const idle = await load(request, 1, 3);
  const mine = await loadOf(installation.pid, request, connections, postSeconds);
  const ended = performance.now();
  const unfinished = await drain(installation);
  const drained = (performance.now() - ended) / 1000;
  const [job = ''] = mine.made;
  const theirs =
    peer &&
    (await loadOf(
      peer.pid,
      {
        ...peerRequest(peer.port),
        headers: { 'content-type': 'application/json', prefer: 'respond-async' },
        method: 'POST',
        path: '/processes/hello-world/execution',
        body: JSON.stringify({ inputs: { name: 'hello' } }),
        expect: 201,
      },
      connections,
      postSeconds,
    ));
  const [loaded, alone] = [percentile(mine.latencies, 99), percentile(idle.latencies, 99)];
  const rows = [
    rowOf(`POST execution, asynchronous, ${postSeconds} s`, mine, theirs, '>= 20x'),
    {
      what: 'its runs: drained after, unfinished',
      ours: `${drained.toFixed(1)} s, ${unfinished} of ${mine.latencies.length}`,
      peer: '',
      ratio: '',
      target: '0 unfinished',
    },
    {
      what: 'p99 of POST: loaded, one connection',
      ours: `${ms(loaded)}, ${ms(alone)}`,
      peer: '',
      ratio: `+${ms(loaded - alone)}`,
      target: '<= +20 ms',
    },
  ];
  const peerJob = theirs?.made[0];
  return { rows, job, peerJob };
}

/** Waits until no run is under way; how many are, after ten minutes. */
async function drain(installation: Installation): Promise<number> {
  const client = await connected(installation);
  try {
    for (let waited = 0; ; waited += 1) {
      const { rows } = await client.query<{ n: number }>('select count(*)::integer as n from runs where finished_at is null');
      const n = rows[0]?.n ?? 0;
      if (n === 0 || waited > 1200) return n;
      await sleep(500);
    }
  } finally {
    await client.end();
  }
}

async function connected(installation: Installation): Promise<Client> {
  const client = new Client({ connectionString: installation.addresses.postgres });
  await client.connect();
  return client;
}

/** As many as a workspace has after years: copies of what is there. */
async function fill(installation: Installation, job: string): Promise<void> {
  const client = await connected(installation);
  try {
    await client.query(
      `insert into runs select (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid()))).*
       from runs r, generate_series(1, 100000 - (select count(*)::integer from runs)) where r.id = $1`,
      [job],
    );
    await client.query(
      `insert into processes select (jsonb_populate_record(p, jsonb_build_object('id', 'copy-' || n))).*
       from processes p, generate_series(1, 10000) n where p.id = 'say' and p.workspace = 'bench'`,
    );
    await client.query('analyze runs, processes');
  } finally {
    await client.end();
  }
}

function policyRow(): Row {
  const { decide } = embeddedPolicy();
  const principal = { kind: 'token', workspace: 'a', scopes: ['read', 'execute'] } as const;
  const resource = { workspace: 'b', offer: { public: true, userService: false } };
  const rounds = Array.from({ length: 20 }, (_, round) => {
    const begun = performance.now();
    // Another token each time: the same question again is answered from memory.
    for (let times = 0; times < 1000; times += 1)
      decide({ principal: { ...principal, token: `${round}-${times}` }, action: 'process.execute', resource });
    return (performance.now() - begun) / 1000;
  });
  return { what: 'one decision of the embedded policy', ours: `${median(rounds).toFixed(3)} ms`, peer: '', ratio: '', target: '<= 0.2 ms' };
}

const all = await sides();
try {
  const processes = { ours: '/bench/ogc-api/processes', peer: '/processes?f=json' };
  const one = { ours: '/bench/ogc-api/processes/echo', peer: '/processes/hello-world?f=json' };
  const rows = [await reads(all, 'GET processes', processes, '>= 20x'), await reads(all, 'GET one process', one, '>= 10x')];
  const { rows: posted, job, peerJob } = await executions(all);
  rows.push(...posted);
  const jobs = { ours: `/bench/ogc-api/jobs/${job}`, peer: peerJob === undefined ? undefined : `/jobs/${peerJob}?f=json` };
  rows.push(await reads(all, 'GET job', jobs, '>= 10x'));
  await fill(all.installation, job);
  const alone = { ...all, peer: undefined };
  rows.push(await reads(alone, 'GET processes, of 10,000', processes, 'as above'));
  rows.push(await reads(alone, 'GET one process, of 10,000', one, 'as above'));
  rows.push(await reads(alone, 'GET job, of 100,000', jobs, 'as above'));
  rows.push(await reads(alone, 'GET jobs, of 100,000', { ours: '/bench/ogc-api/jobs', peer: undefined }, ''));
  rows.push(policyRow(), await followRun(all.installation, 1000));
  const [load1 = 0] = loadavg();
  printRows(`${connections} connections, ${seconds} s each; load of the machine ${load1.toFixed(1)}`, rows);
} finally {
  await all.peer?.close();
  await all.installation.close();
}
