import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { accept, deploy, execute, removeFolder, runnel, startUp, untilFinal, type Up } from './up.ts';

/** What nobody may find in anything that is written: each planted in its own way. */
const planted = {
  secret: 'planted-workspace-secret-4711',
  rotated: 'planted-workspace-secret-rotated-4712',
  input: 'planted-input-secret-0815',
};

let up: Up;
let operator: string;
beforeAll(async () => {
  up = await startUp({ env: { RUNNEL_BILLING_WINDOW_SECONDS: '2' } });
  operator = (await runnel(['token', 'create', '--data', up.folder, '--workspace', 'staff', '--scope', 'operator'])).stdout.trim();
}, 120_000);
afterAll(async () => {
  await up.stop();
  removeFolder(up.folder);
}, 60_000);

const operate = (...args: string[]): Promise<string> => up.runnel([...args, '--token', operator]).then(({ stdout }) => stdout);

/** Both steps say and return what they got; only one of them is given the secret. */
const document = `cwlVersion: v1.2
$namespaces: {cwltool: "http://commonwl.org/cwltool#"}
$graph:
- class: Workflow
  id: order
  requirements: {ScatterFeatureRequirement: {}}
  hints: [{class: "cwltool:Secrets", secrets: [password]}]
  inputs: {password: string, n: "int[]", fail: {type: boolean, default: false}}
  outputs: {said: {type: "string[]", outputSource: fetch/said}, plain: {type: string, outputSource: other/said}}
  steps:
    fetch: {run: "#say", scatter: i, in: {i: n, word: password, fail: fail}, out: [said]}
    other: {run: "#say", in: {i: {default: 7}, word: {default: none}}, out: [said]}
- class: CommandLineTool
  id: say
  baseCommand: [sh, -c, 'echo "key=$PLANET_KEY word=$0" >&2; printf "%s %s" "\${PLANET_KEY:-none}" "\${#0}"; printf %s "$0" >&2; test "$2" != --fail']
  inputs:
    word: {type: string, inputBinding: {position: 1}}
    i: {type: int, inputBinding: {position: 2}}
    fail: {type: boolean, default: false, inputBinding: {position: 3, prefix: --fail}}
  stdout: out.txt
  outputs: {said: {type: string, outputBinding: {glob: out.txt, loadContents: true, outputEval: "$(self[0].contents)"}}}
`;

async function setSecret(value: string): Promise<void> {
  const answer = await up.request('/api/v1/workspace/secrets/PLANET_KEY', {
    method: 'PUT',
    body: JSON.stringify({ value, steps: ['order/fetch'] }),
    headers: { 'content-type': 'application/json' },
  });
  expect([201, 204]).toContain(answer.status);
}

describe('secrets', () => {
  const answers: string[] = [];
  let runs: string[] = [];

  it('reach the steps that they are given to, and nobody else', async () => {
    expect((await deploy(up, document)).status).toBe(201);
    await setSecret(planted.secret);
    const first = await execute(up, 'order', { password: planted.input, n: [1, 2] });
    // The tool saw both: it wrote the length of the one and the other as it is, which comes out hidden.
    expect(first.results).toEqual({ said: [`*** ${planted.input.length}`, `*** ${planted.input.length}`], plain: 'none 4' });
    await setSecret(planted.rotated);
    const second = await accept(up, 'order', { password: planted.input, n: [1], fail: true });
    expect((await untilFinal(up, second)).status).toBe('failed');
    runs = [first.job.jobID, second];
    const log = await (await up.request(`/api/v1/runs/${runs[0] ?? ''}/steps/${encodeURIComponent('fetch[0]')}/log`)).text();
    expect(log).toContain('key=*** word=***');
  }, 120_000);

  it('stand in nothing that was written: database, streams, objects, logs, metrics, answers', async () => {
    for (const run of runs)
      for (const path of [
        `/api/v1/runs/${run}`,
        `/api/v1/runs/${run}/steps`,
        `/api/v1/runs/${run}/usage`,
        `/api/v1/runs/${run}/steps/${encodeURIComponent('fetch[0]')}/log`,
        `/demo/ogc-api/jobs/${run}`,
        `/demo/ogc-api/jobs/${run}/inputs`,
        `/demo/ogc-api/jobs/${run}/prov`,
        `/demo/ogc-api/jobs/${run}/results?f=json`,
        `/api/catalogue/stac/catalogs/user/catalogs/demo/jobs/${run}/fetch.log`,
      ])
        answers.push(await (await up.request(path)).text());
    for (const path of ['/metrics', '/api/v1/workspace', '/api/v1/workspace/secrets', '/api/v1/runs', '/demo/ogc-api/jobs'])
      answers.push(await (await up.request(path)).text());
    for (const name of ['scheduler', 'executor', 'ingester', 'harvester']) {
      const [, url = ''] = new RegExp(`^${name} +(http\\S+)`, 'm').exec(up.output()) ?? [];
      answers.push(await (await fetch(`${url}/metrics`)).text());
    }
    const everything = [
      ...answers,
      up.output(),
      await databaseText(),
      ...filesBelow(up.folder).map((path) => readFileSync(path, 'latin1')),
    ];
    expect(everything.length).toBeGreaterThan(100);
    for (const [name, value] of Object.entries(planted))
      for (const form of [value, Buffer.from(value).toString('base64').slice(0, -4), Buffer.from(value).toString('hex')])
        expect([name, everything.filter((text) => text.includes(form)).map((text) => text.slice(0, 200))]).toEqual([name, []]);
    // It does find what is there: the run's id is everywhere.
    expect(everything.filter((text) => text.includes(runs[0] ?? '')).length).toBeGreaterThan(5);
  }, 120_000);

  it('of a run that is asked for again have to be given again', async () => {
    const again = (body: object): Promise<Response> =>
      up.request(`/api/v1/runs/${runs[0] ?? ''}/again`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
    expect(await (await again({})).text()).toContain('give it again');
    expect((await again({ inputs: { password: planted.input } })).status).toBe(201);
  }, 60_000);
});

/** Every row of every table as text. */
async function databaseText(): Promise<string> {
  const { postgres } = JSON.parse(readFileSync(join(up.folder, 'addresses.json'), 'utf8')) as { postgres: string };
  const client = new Client({ connectionString: postgres });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `select relname::text as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`,
    );
    const texts: string[] = [];
    for (const { name } of rows) {
      const { rows: found } = await client.query<{ text: string }>(`select t::text as text from ${name} t`);
      texts.push(...found.map(({ text }) => text));
    }
    // Encoded values would hide what they hold.
    texts.push(
      ...texts.flatMap((text) => [...text.matchAll(/\\x([0-9a-f]+)/g)].map(([, hex = '']) => Buffer.from(hex, 'hex').toString('latin1'))),
    );
    return texts.join('\n');
  } finally {
    await client.end();
  }
}

/** Files that services wrote, JetStream's among them; the key itself lies where secrets of the installation lie. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'secrets.json')
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('a workspace', () => {
  it('is made, suspended, resumed and deleted by the operator', async () => {
    expect(await operate('workspace', 'create', 'tenant')).toContain('tenant: active');
    const made = await runnel(['token', 'create', '--data', up.folder, '--workspace', 'tenant']);
    const token = made.stdout.trim();
    const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
      fetch(new URL(path, up.url), { ...init, headers: { authorization: `Bearer ${token}`, ...(init.headers as object) } });
    expect((await ask('/workspaces/tenant/files/a.txt', { method: 'PUT', body: 'kept' })).status).toBe(201);
    const sleeper = `cwlVersion: v1.2
class: CommandLineTool
id: sleeper
baseCommand: [sleep, '600']
inputs: []
outputs: []
`;
    const cwl = { 'content-type': 'application/cwl+yaml' };
    expect((await ask('/tenant/ogc-api/processes', { method: 'POST', body: sleeper, headers: cwl })).status).toBe(201);
    const begin = (): Promise<Response> =>
      ask('/tenant/ogc-api/processes/sleeper/execution', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
    const { jobID } = (await (await begin()).json()) as { jobID: string };
    expect(await operate('workspace', 'suspend', '--workspace', 'tenant', '--reason', 'unpaid')).toContain('tenant: suspended (unpaid)');
    expect((await begin()).status).toBe(403);
    await operate('workspace', 'resume', '--workspace', 'tenant');
    expect((await ask(`/tenant/ogc-api/jobs/${jobID}`)).status).toBe(200);
    await operate('workspace', 'delete', '--workspace', 'tenant', '--yes');
    expect((await ask(`/tenant/ogc-api/jobs/${jobID}`)).status).toBe(401);
    for (const end = Date.now() + 60_000; !(await operate('workspace', 'list')).includes('tenant     deleted');) {
      if (Date.now() > end) throw new Error(await operate('workspace', 'list'));
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(
      readdirSync(join(up.folder, 'objects'))
        .filter((name) => name === 'tenant')
        .flatMap((name) => filesBelow(join(up.folder, 'objects', name))),
    ).toEqual([]);
    expect((await up.runnel(['workspace', 'create', 'tenant', '--token', operator], 1)).stderr).toContain('a name is given once');
  }, 120_000);

  it('has settings that its own people and its operators may say', async () => {
    expect((await up.runnel(['workspace', 'set', '--title', 'Land cover'])).stdout).toContain('Land cover');
    expect((await up.runnel(['workspace', 'set', '--budget', 'core-hours=1'], 1)).stderr).toContain('400');
    expect(await operate('workspace', 'set', '--workspace', 'demo', '--budget', 'core-hours=1000')).toContain('{"coreHours":1000}');
    expect(await operate('workspace', 'set', '--workspace', 'demo', '--budget', 'none')).not.toContain('coreHours');
    expect(await operate('quota', 'set', '--requests', '1000', '--upload', '1000000')).toMatch(/requestsPerSecond +1000/);
    expect(await operate('quota', 'set', '--requests', 'none', '--upload', 'none')).toMatch(/requestsPerSecond +no limit/);
    expect((await up.runnel(['workspace', 'members', 'set', 'ada', 'viewer'])).stdout).toContain('ada is viewer');
    expect((await up.runnel(['workspace', 'members', 'list'])).stdout).toMatch(/ada +viewer/);
    expect((await up.runnel(['workspace', 'members', 'remove', 'ada'])).stdout).toContain('removed ada');
    const images = ['--allow-images', 'debian:12,ghcr.io/eo/*', '--replace-images', 'debian:11=debian:12'];
    expect(await operate('workspace', 'set', '--workspace', 'demo', ...images)).toContain('"replace":{"debian:11":"debian:12"}');
    const tool = `cwlVersion: v1.2
class: CommandLineTool
id: contained
requirements: {DockerRequirement: {dockerPull: evil/miner}}
baseCommand: [echo, a]
inputs: []
outputs: []
`;
    expect((await deploy(up, tool)).status).toBe(201);
    const { job } = await execute(up, 'contained', {});
    expect([job.status, job.message]).toEqual(['failed', expect.stringContaining('may not run the image evil/miner')]);
    expect(await operate('workspace', 'set', '--workspace', 'demo', '--allow-images', 'none')).not.toContain('allow');
  }, 120_000);
});

describe('usage', () => {
  const billed = async (): Promise<{ billed: number; ledger: number; waiting: number }> => {
    const { postgres } = JSON.parse(readFileSync(join(up.folder, 'addresses.json'), 'utf8')) as { postgres: string };
    const client = new Client({ connectionString: postgres });
    await client.connect();
    try {
      const { rows } = await client.query<{ billed: number; ledger: number; waiting: number }>(`
select (select coalesce(sum(quantity), 0) from billing_events where sku = 'cpu-seconds') as billed,
  (select coalesce(sum(cpu_seconds), 0) from ledger) as ledger, (select count(*)::int from unbilled) as waiting`);
      return rows[0] ?? { billed: 0, ledger: -1, waiting: 1 };
    } finally {
      await client.end();
    }
  };

  it('is summed up, estimated, corrected and billed', async () => {
    const text = (await up.runnel(['usage', '--by', 'process'])).stdout;
    expect(text).toMatch(/demo\/order +[1-9]/);
    expect((await up.runnel(['usage', '--csv', '--by', 'step'])).stdout).toMatch(/^step,attempts,.*\r\n(.*\r\n)*fetch,/);
    expect((await up.runnel(['usage', '--estimate', 'order'])).stdout).toMatch(/order, by \d+ earlier runs:/);
    const { groups } = JSON.parse((await up.runnel(['usage', '--json', '--by', 'run'])).stdout) as {
      groups: { run: string; cpuSeconds: number }[];
    };
    const [{ run, cpuSeconds } = { run: '', cpuSeconds: 0 }] = groups;
    const steps = (await (await up.request(`/api/v1/runs/${run}/usage`)).json()) as {
      attempts: { step: string; attempt: number; cpuSeconds: number; wallSeconds: number; cores: number }[];
    };
    const sum = steps.attempts.reduce((all, one) => all + Math.max(one.cpuSeconds, one.cores * one.wallSeconds), 0);
    expect(cpuSeconds).toBeCloseTo(sum, 9);
    for (let twice = 0; twice < 2; twice += 1)
      for (const [index, { step, attempt }] of steps.attempts.entries()) {
        const id = `01936d2e-7c1a-7000-8000-0000000000${String(index).padStart(2, '0')}`;
        const answer = await fetch(`${up.url}/api/v1/usage/corrections`, {
          method: 'POST',
          body: JSON.stringify({ id, run, step, attempt, factor: 0, reason: 'our fault' }),
          headers: { authorization: `Bearer ${operator}`, 'content-type': 'application/json' },
        });
        expect(answer.status).toBe(204);
      }
    const after = JSON.parse((await up.runnel(['usage', '--json', '--by', 'run'])).stdout) as {
      groups: { run: string; cpuSeconds: number }[];
    };
    expect(after.groups.find((group) => group.run === run)?.cpuSeconds).toBeCloseTo(0, 9);
    for (const end = Date.now() + 60_000; ;) {
      const found = await billed();
      if (found.waiting === 0 && Math.abs(found.billed - found.ledger) < 1e-9) break;
      if (Date.now() > end) throw new Error(JSON.stringify(found));
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }, 120_000);

  it('above a budget stops what would begin', async () => {
    await operate('workspace', 'set', '--workspace', 'demo', '--budget', 'core-hours=0.0000001');
    await untilBudget(100);
    expect((await up.runnel(['run', 'contained'], 1)).stderr).toContain('has used up its budget');
    expect((await up.runnel(['workspace', 'show'])).stdout).toContain('used up');
    await operate('workspace', 'set', '--workspace', 'demo', '--budget', 'none');
    expect(await accept(up, 'contained', {})).toMatch(/^[0-9a-f-]{36}$/);
  }, 60_000);

  async function untilBudget(level: number): Promise<void> {
    for (const end = Date.now() + 30_000; Date.now() < end;) {
      const found = (await (await up.request('/api/v1/workspace')).json()) as { budgetUse?: { level: number } };
      if (found.budgetUse?.level === level) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`the budget does not reach ${level} %`);
  }
});

describe('moving in', () => {
  it('from one Runnel to another: a dry run changes nothing, a second run neither', async () => {
    const policy = JSON.stringify({ workflows: { order: { access: 'public' } } });
    expect((await up.request('/workspaces/demo/files/eodh-config/access-policy.json', { method: 'PUT', body: policy })).status).toBe(201);
    const other = await startUp();
    try {
      const bring = async (...more: string[]): Promise<string[]> => {
        const from = ['--from', `${up.url}/demo/ogc-api`, '--token', up.env['RUNNEL_TOKEN'] ?? ''];
        const { stdout } = await other.runnel(['import', ...from, '--json', ...more]);
        return (JSON.parse(stdout) as { what: string; name: string; outcome: string }[]).map(
          ({ what, name, outcome }) => `${what} ${name.replace(/^\d+ /, '')} ${outcome}`,
        );
      };
      const fresh = ['process contained new', 'process order new', 'policy access-policy.json new', 'jobs jobs new'];
      expect(await bring('--dry-run')).toEqual(fresh);
      expect(await bring('--dry-run')).toEqual(fresh);
      expect(await bring()).toEqual(fresh);
      const same = fresh.map((line) => line.replace(/new$/, 'unchanged'));
      expect(await bring()).toEqual(same);
      const history = (await (await other.request('/api/v1/history?process=order&limit=1')).json()) as {
        jobs: { job: object }[];
        next?: string;
      };
      expect(history.jobs).toMatchObject([{ job: { processID: 'order' } }]);
      expect(history.next).toBeDefined();
      const { results } = await execute(other, 'order', { password: 'something', n: [] });
      expect(results).toEqual({ said: [], plain: 'none 4' });
    } finally {
      await other.stop();
      removeFolder(other.folder);
    }
  }, 180_000);
});

describe('moving in from the hub as it is recorded', () => {
  /** A list of jobs in pages that repeat "limit", unordered, with one that runs; processes of which the server gives no package. */
  const hub = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://hub');
    const base = `http://${request.headers.host ?? ''}/api/catalogue/stac/catalogs/user/catalogs/ws1`;
    const send = (status: number, body: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8' }).end(JSON.stringify(body));
    if (request.headers.authorization !== 'Bearer hub-token') return send(401, { detail: 'no' });
    if (pathname.endsWith('/ws1/processes')) {
      const process = (id: string, mutable: boolean) => ({
        id,
        title: id,
        mutable,
        version: '0.1.2',
        AccessReasoning: 'Workspace owns this workflow',
      });
      return send(200, {
        processes: [process('echo', false), process('convert-url', true)],
        links: [{ rel: 'self', href: `${base}/processes` }],
      });
    }
    if (pathname.endsWith('/ws1/jobs')) {
      const skip = Number(searchParams.get('skip') ?? 0);
      const job = (n: number, status: string) => ({
        id: `6419c43c-3636-11f0-a09c-ca5f458bf74${n}`,
        jobID: `6419c43c-3636-11f0-a09c-ca5f458bf74${n}`,
        type: 'process',
        processID: 'convert-url',
        created: `2025-05-2${n}T11:26:08.714Z`,
        status,
        message: 'ZOO-Kernel successfully run your service!',
        links: [{ title: 'Status location', rel: 'monitor', type: 'application/json', href: `${base}/jobs/x` }],
      });
      const next = [{ rel: 'next', href: `${base}/jobs?limit=2&skip=2&limit=2` }];
      const jobs = skip === 0 ? [job(1, 'successful'), job(0, 'failed')] : [job(2, 'running')];
      return send(200, { jobs, links: [{ rel: 'self', href: `${base}/jobs` }, ...(skip === 0 ? next : [])], numberTotal: jobs.length });
    }
    if (pathname === '/files/workspaces-eodhp/eodh-config/access-policy.json')
      return send(200, { workflows: { 'convert-url': { access: 'public' } } });
    send(404, { title: 'NoSuchProcess', type: 'http://www.opengis.net/def/rel/ogc/1.0/exception/no-such-process', detail: 'no' });
  });
  beforeAll(async () => {
    hub.listen(0, '127.0.0.1');
    await once(hub, 'listening');
  });
  afterAll(() => void hub.close());

  it('brings what it tells of, and says what it does not give', async () => {
    const origin = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
    const from = ['--from', `${origin}/api/catalogue/stac/catalogs/user/catalogs/ws1/`, '--token', 'hub-token'];
    const policy = ['--policy', `${origin}/files/workspaces-eodhp/eodh-config/access-policy.json`];
    const { stdout } = await up.runnel(['import', ...from, ...policy], 2);
    expect(stdout).toMatch(/process +convert-url +left +the server gives no package of it \(404\)/);
    expect(stdout).toMatch(/policy +access-policy.json +changed/);
    expect(stdout).toMatch(/jobs +2 jobs +new/);
    expect(stdout).toMatch(/jobs +1 jobs +left +they have not ended there/);
    expect(stdout).not.toContain('echo');
    const again = (await up.runnel(['import', ...from, ...policy], 2)).stdout;
    expect(again).toMatch(/jobs +2 jobs +unchanged/);
    expect(again).toMatch(/access-policy.json +unchanged/);
    expect((await up.runnel(['import', ...from.slice(0, 2), '--token', 'wrong'], 1)).stderr).toContain('401');
  }, 60_000);
});

it('docs/tenants.md: every command of it is one that there is', async () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/tenants.md'), 'utf8');
  const commands = new Set([...text.matchAll(/^(?:\w+=\$\()?runnel ((?:[a-z-]+ ?){1,3})/gm)].map(([, words = '']) => words.trim()));
  expect(commands.size).toBeGreaterThan(8);
  for (const words of commands) {
    const [first = '', second = '', third = ''] = words.split(' ');
    const args =
      first === 'workspace' && ['members', 'secrets'].includes(second)
        ? [first, second, third]
        : [first, ...(first === 'workspace' || first === 'quota' ? [second] : [])];
    const { stdout } = await promisify(execFile)(join(import.meta.dirname, '../../bin/runnel'), [...args, '--help']);
    expect(stdout).toContain(`Usage: runnel ${args.join(' ')}`);
  }
}, 120_000);
