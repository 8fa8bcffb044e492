import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { putValue } from '@runnel/objects';
import type { Answer, Client, TestApi } from '../../testing/test-api.ts';
import { cwl, json, startTestApi, wide } from '../../testing/test-api.ts';
import { advanceRun, publishRun, stepsOfWide } from '../../testing/test-runs.ts';

let api: TestApi;
let demo: Client;
let other: Client;
const base = '/api/catalogue/stac/catalogs/user/catalogs/demo';
const exception = (name: string) => `http://www.opengis.net/def/rel/ogc/1.0/exception/${name}`;
beforeAll(async () => {
  api = await startTestApi();
  demo = await api.as('demo');
  other = await api.as('other');
}, 60_000);
afterAll(() => api.close());

const execute = (inputs: object, process = 'wide'): Promise<Answer> =>
  demo('POST', `${base}/processes/${process}/execution`, json({ inputs }, { prefer: 'respond-async' }));

describe('processes as recorded', () => {
  it('deploys with 201, Location and a summary', async () => {
    const answer = await demo('POST', `${base}/processes`, cwl(wide));
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`${api.url}${base}/processes/wide`);
    expect(answer.body).toMatchObject({ id: 'wide', title: 'Says many words', version: '1.2.3', mutable: true });
    expect(answer.body).not.toHaveProperty('inputs');
  });

  it('answers 409 with the Location of the one there is', async () => {
    const answer = await demo('POST', `${base}/processes/`, cwl(wide));
    expect([answer.status, answer.body.type, answer.body.title]).toEqual([409, exception('duplicated-process'), 'DuplicatedProcess']);
    expect(answer.headers.get('location')).toBe(`${api.url}${base}/processes/wide`);
  });

  it('replaces with 204, and lists with the reason', async () => {
    expect((await demo('PUT', `${base}/processes/wide`, cwl(wide))).status).toBe(204);
    const { processes, links } = (await demo('GET', `${base}/processes`)).body;
    expect(processes.find(({ id }) => id === 'wide')).toMatchObject({
      AccessReasoning: 'Workspace owns this workflow',
      links: [{ rel: 'self', href: `${api.url}${base}/processes/wide` }],
    });
    expect(links).toEqual([{ rel: 'self', type: 'application/json', href: `${api.url}${base}/processes` }]);
  });

  it('describes', async () => {
    expect((await demo('GET', `${base}/processes/wide`)).body).toMatchObject({ inputs: { n: {} }, outputs: { all: {} } });
    const missing = await demo('GET', `${base}/processes/nothing`);
    expect([missing.status, missing.body.type, missing.body.title]).toEqual([404, exception('no-such-process'), 'NoSuchProcess']);
  });

  it.each([
    [
      'a step',
      wide.replaceAll('say/word', 'node_stage_in_1/word').replace('    say: {run', '    node_stage_in_1: {run'),
      'node_stage_in_1',
    ],
    ['an input', wide.replace('    size: {', '    CALLING_WORKSPACE_ACCESS_TOKEN: string?\n    size: {'), 'CALLING_WORKSPACE_ACCESS_TOKEN'],
    ['another input', wide.replace('    size: {', '    STAGE_AWS_SESSION_TOKEN: string?\n    size: {'), 'STAGE_AWS_SESSION_TOKEN'],
  ])('refuses a name that is reserved for %s', async (_what, document, name) => {
    const answer = await demo('POST', `${base}/processes`, cwl(document.replaceAll('id: wide', 'id: reserved')));
    expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining(name)]);
  });
});

describe('executing', () => {
  it('answers a running job, and ignores the workspace that clients send', async () => {
    const answer = await execute({ n: [1, 2], workspace: 'demo' });
    expect(answer.status).toBe(201);
    const href = `${api.url}${base}/jobs/${answer.body.jobID}`;
    expect(answer.headers.get('location')).toBe(href);
    expect(answer.headers.get('preference-applied')).toBe('respond-async');
    expect(answer.body).toMatchObject({
      id: answer.body.jobID,
      type: 'process',
      processID: 'wide',
      status: 'running',
      progress: 0,
      links: [{ rel: 'monitor', title: 'Status location', type: 'application/json', href }],
    });
    expect(answer.body).not.toHaveProperty('finished');
  });

  it('gives inputs that do not fit a job that failed, with the reason in message and log', async () => {
    const answer = await execute({ n: ['x'], loud: 7, surplus: 1 });
    expect([answer.status, answer.body.status]).toEqual([201, 'failed']);
    const job = (await demo('GET', `${base}/jobs/${answer.body.jobID}`)).body;
    expect(job).toMatchObject({ status: 'failed', finished: expect.any(String), message: expect.stringMatching(/n\[0\].*loud/) });
    expect(job.links.map(({ rel }) => rel)).toEqual(['monitor', 'related']);
    const log = (await demo('GET', `${base}/jobs/${answer.body.jobID}/node_stage_in.log`)).text;
    expect(log).toMatch(/ignored: the process has no input "surplus"\nthe inputs do not fit: .*loud/);
    const results = await demo('GET', `${base}/jobs/${answer.body.jobID}/results`);
    expect([results.status, results.body.detail]).toEqual([500, expect.stringContaining('loud')]);
  });

  it('takes a workspace where the workflow declares one, and says who calls', async () => {
    const document = `cwlVersion: v1.2
class: CommandLineTool
id: whose
baseCommand: "true"
inputs: {workspace: string, calling_workspace: string, executing_workspace: string}
outputs: []
`;
    expect((await demo('POST', `${base}/processes`, cwl(document))).status).toBe(201);
    const { body } = await execute({ workspace: 'anything', calling_workspace: 'forged' }, 'whose');
    const { rows } = await api.database.pool.query<{ inputs: object }>(
      `select data -> 'inputs' as inputs from events where run_id = $1 and version = 1`,
      [body.jobID],
    );
    expect(rows[0]?.inputs).toEqual({ workspace: 'anything', calling_workspace: 'demo', executing_workspace: 'demo' });
  });
});

describe('a job that ended', () => {
  let job: string;
  beforeAll(async () => {
    job = (await execute({ n: [1, 2] })).body.jobID;
    const early = await demo('GET', `${base}/jobs/${job}/results`);
    expect([early.status, early.body.type, early.body.title]).toEqual([404, exception('result-not-ready'), 'ResultNotReady']);
    await advanceRun(api, job, stepsOfWide(2));
    for (const index of [0, 1]) await api.objects.put(`demo/logs/${job}/say[${index}]/1/0.log`, `element ${index}\n`);
    await publishRun(api, 'demo', job, { all: ['a', 'b'] });
  });

  it('shows no progress, its results and its logs by step', async () => {
    const { body } = await demo('GET', `${base}/jobs/${job}`);
    expect(body).toMatchObject({ status: 'successful', finished: expect.any(String) });
    expect(body).not.toHaveProperty('progress');
    expect(body.links).toEqual([
      expect.objectContaining({ rel: 'monitor' }),
      expect.objectContaining({ rel: 'http://www.opengis.net/def/rel/ogc/1.0/results', title: 'Result location' }),
      { rel: 'related', title: 'Tool log say.log', type: 'text/plain', href: `${api.url}${base}/jobs/${job}/say.log` },
      { rel: 'related', title: 'Tool log say_2.log', type: 'text/plain', href: `${api.url}${base}/jobs/${job}/say_2.log` },
    ]);
    expect((await demo('GET', `${base}/jobs/${job}/say_2.log`)).text).toBe('element 1\n');
    for (const name of ['nothing.log', 'say', 'say_3.log', 'node_stage_out.log'])
      expect((await demo('GET', `${base}/jobs/${job}/${name}`)).status).toBe(404);
  });

  it('has a collection as its results, also without a catalogue', async () => {
    expect((await demo('GET', `${base}/jobs/${job}/results`)).body).toMatchObject({
      type: 'Collection',
      id: `col_${job}`,
      stac_version: '1.0.0',
      license: 'proprietary',
      'runnel:outputs': { all: ['a', 'b'] },
    });
  });

  it('and with one, its items by absolute addresses', async () => {
    const insert = (item: string, document: object) =>
      api.database.pool.query(
        `insert into catalogue (workspace, collection, item, run_id, document, visible, updated_at, process, catalogue)
         values ('demo', 'scenes', $1, $2, $3, true, now(), 'wide', 'cat')`,
        [item, job, JSON.stringify(document)],
      );
    const common = { stac_version: '1.0.0', links: [{ rel: 'license', href: `runnel:demo/results/${job}/l.txt` }] };
    await insert('', { type: 'Collection', id: 'scenes', description: 'd', license: 'x', ...common });
    const assets = { a: { href: `runnel:demo/results/${job}/a.tif` }, far: { href: 'https://example.org/far.tif' } };
    await insert('one', { type: 'Feature', id: 'one', collection: 'scenes', properties: {}, assets, ...common });
    await putValue(api.objects, `demo/results/${job}/results.json`, {
      outputs: {},
      stac: [{ output: 'all', catalogue: 'cat', collections: ['scenes'] }],
    });
    const { links } = (await demo('GET', `${base}/jobs/${job}/results`)).body;
    const href = links.find(({ rel }) => rel === 'item')?.href ?? '';
    const place = `${api.url}${base}/catalogs/processing-results/catalogs/wide/catalogs/cat/collections/scenes`;
    expect(href).toBe(`${place}/items/one`);
    const item = await demo('GET', new URL(href).pathname);
    expect(item.headers.get('content-type')).toBe('application/geo+json');
    expect(item.body).toMatchObject({
      type: 'Feature',
      assets: { a: { href: `${api.url}/workspaces/demo/results/${job}/a.tif` }, far: { href: 'https://example.org/far.tif' } },
    });
    for (const { href: up, rel } of item.body.links.filter(({ rel }) => rel !== 'license'))
      expect([rel, (await demo('GET', new URL(up).pathname)).status]).toEqual([rel, 200]);
    expect((await demo('GET', `${new URL(place).pathname}/items`)).body).toMatchObject({ type: 'FeatureCollection', numberReturned: 1 });
    expect((await demo('GET', `${new URL(place).pathname.replace('/cat/', '/cats/')}/items/one`)).status).toBe(404);
  });

  it('leaves the list when it is deleted', async () => {
    const answer = await demo('DELETE', `${base}/jobs/${job}`);
    expect([answer.status, answer.body.status, answer.body.links]).toEqual([
      200,
      'dismissed',
      [{ rel: 'parent', title: expect.any(String), type: 'application/json', href: `${api.url}${base}/jobs` }],
    ]);
    expect((await demo('GET', `${base}/jobs/${job}`)).status).toBe(403);
    expect((await demo('GET', `${base}/jobs`)).body.jobs.map(({ jobID }) => jobID)).not.toContain(job);
    // What it published stays.
    expect(await api.objects.head(`demo/results/${job}/results.json`)).toBeDefined();
  });
});

describe('the list of jobs', () => {
  it('pages by skip, newest first, with a limit twice', async () => {
    for (let index = 0; index < 3; index += 1) await execute({ n: [index] });
    const first = (await demo('GET', `${base}/jobs?limit=2`)).body as unknown as Page;
    expect(first.jobs).toHaveLength(2);
    expect(first.links.map(({ rel }) => rel)).toEqual(['self', 'next']);
    const next = new URL(first.links.at(-1)?.href ?? '');
    expect(next.search).toBe('?limit=2&skip=2');
    const second = (await demo('GET', `${next.pathname}${next.search}&limit=2`)).body as unknown as Page;
    expect(second.links.map(({ rel }) => rel)).toContain('prev');
    expect(second.numberTotal).toBe(first.numberTotal);
    const all = (await demo('GET', `${base}/jobs`)).body as unknown as Page;
    expect(all.jobs).toHaveLength(all.numberTotal);
    expect([...first.jobs, ...second.jobs].map(({ jobID }) => jobID)).toEqual(all.jobs.slice(0, 4).map(({ jobID }) => jobID));
    expect(all.jobs.map(({ status }) => status)).not.toContain('accepted');
  });

  it('filters, and keeps the filter in its links', async () => {
    const { jobs, links } = (await demo('GET', `${base}/jobs?status=running&processID=wide&limit=1`)).body as unknown as Page;
    expect(jobs[0]).toMatchObject({ status: 'running', processID: 'wide' });
    expect(links.at(-1)?.href).toContain('status=running&processID=wide');
  });
});

interface Page {
  jobs: { jobID: string; status: string }[];
  links: { rel: string; href: string }[];
  numberTotal: number;
}

it('a dismissed job stays in the list', async () => {
  const { jobID } = (await execute({ n: [1] })).body;
  expect((await demo('DELETE', `${base}/jobs/${jobID}`)).body.status).toBe('dismissed');
  expect((await demo('GET', `${base}/jobs/${jobID}`)).body.status).toBe('dismissed');
});

it('of another workspace: jobs 403, processes 404, lists 403', async () => {
  const { jobID } = (await execute({ n: [1] })).body;
  for (const path of [`/jobs/${jobID}`, `/jobs/${jobID}/results`, `/jobs/${jobID}/say.log`, '/jobs/nothing', '/jobs', '/processes', ''])
    expect([path, (await other('GET', base + path)).status]).toEqual([path, 403]);
  expect((await other('GET', `${base}/processes/wide`)).status).toBe(404);
  expect((await other('DELETE', `${base}/jobs/${jobID}`)).status).toBe(403);
  expect((await demo('GET', `${base}/jobs/nothing`)).status).toBe(403);
});

describe('sessions and keys', () => {
  const me = '/api/workspaces/demo/me';
  const as = (token: string, method: string, path: string): Promise<number> =>
    fetch(new URL(path, api.url), { method, headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status);

  it('a session gives access for a while, and a token for the next one that gives nothing else', async () => {
    const session = (await demo('POST', `${me}/sessions`)).body as unknown as Record<string, string>;
    expect(session).toEqual({
      access: expect.stringMatching(/^rnl_/),
      accessExpiry: expect.any(String),
      refresh: expect.stringMatching(/^rnl_/),
      refreshExpiry: expect.any(String),
      scope: 'workspace:demo',
    });
    expect(Date.parse(session['accessExpiry'] ?? '') - Date.now()).toBeLessThanOrEqual(900_000);
    expect(await as(session['access'] ?? '', 'GET', `${base}/jobs`)).toBe(200);
    for (const [method, path] of [
      ['GET', `${base}/jobs`],
      ['GET', `${me}/tokens`],
      ['POST', '/api/v1/tokens'],
    ] as const)
      expect([path, await as(session['refresh'] ?? '', method, path)]).toEqual([path, 403]);
    const next = await fetch(`${api.url}${me}/sessions`, { method: 'POST', headers: { authorization: `Bearer ${session['refresh']}` } });
    expect(next.status).toBe(201);
    expect(await as(((await next.json()) as { access: string }).access, 'GET', `${base}/jobs`)).toBe(200);
    expect(await as(session['refresh'] ?? '', 'POST', '/api/workspaces/other/me/sessions')).toBe(404);
  });

  it('sessions are renewed for so long, and end with the key they began with', async () => {
    const ask = async (token: string): Promise<{ status: number; access: string; refresh: string; refreshExpiry: string }> => {
      const answer = await fetch(`${api.url}${me}/sessions`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
      return { status: answer.status, ...((await answer.json()) as { access: string; refresh: string; refreshExpiry: string }) };
    };
    const key = (await demo('POST', `${me}/tokens`, json({ name: 'for sessions', expires: 0.25 }))).body as unknown as Record<
      string,
      string
    >;
    const first = await ask(key['token'] ?? '');
    const second = await ask(first.refresh);
    const third = await ask(second.refresh);
    // Six hours, as the key, not twelve.
    expect(third.refreshExpiry).toBe(key['expiry']);
    const longAgo = `update tokens set created_at = now() - interval '168 hours' where kind = 'refresh' and owner in (select owner from tokens where id = $1)`;
    await api.database.pool.query(longAgo, [key['id']]);
    expect(await ask(third.refresh)).toMatchObject({ status: 403, detail: expect.stringContaining('168 hours') });
    expect((await ask(key['token'] ?? '')).status).toBe(201);
    expect(await as(third.access, 'GET', `${base}/jobs`)).toBe(200);
    expect((await demo('DELETE', `${me}/tokens/${key['id']}`)).status).toBe(204);
    expect(await as(third.access, 'GET', `${base}/jobs`)).toBe(401);
  });

  it('a key is shown once, listed, lasts 30 days at most, and is nothing once it is deleted', async () => {
    const answer = await demo('POST', `${me}/tokens`, json({ name: 'notebook', scope: 'offline_access', expires: 7 }));
    const key = answer.body as unknown as Record<string, string>;
    expect(key).toMatchObject({
      id: expect.any(String),
      user_id: expect.any(String),
      workspace: 'demo',
      name: 'notebook',
      scope: 'offline_access',
    });
    expect(Math.round((Date.parse(key['expiry'] ?? '') - Date.parse(key['created'] ?? '')) / 86_400_000)).toBe(7);
    expect(await as(key['token'] ?? '', 'GET', `${base}/jobs`)).toBe(200);
    const listed = (await demo('GET', `${me}/tokens`)).body as unknown as Record<string, string>[];
    expect(listed).toContainEqual(expect.objectContaining({ id: key['id'], name: 'notebook' }));
    expect(JSON.stringify(listed)).not.toContain('rnl_');
    expect((await demo('DELETE', `${me}/tokens/${key['id']}`)).status).toBe(204);
    expect(await as(key['token'] ?? '', 'GET', `${base}/jobs`)).toBe(401);
    expect((await demo('POST', `${me}/tokens`, json({ name: 'long', expires: 31 }))).status).toBe(400);
  });
});

describe('the description', () => {
  it('is shown by Swagger UI, which needs nothing from elsewhere', async () => {
    const page = await demo('GET', '/api/docs/workflow-runner');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
    expect(parts).toHaveLength(3);
    for (const path of parts) expect([path, (await demo('GET', path)).status]).toEqual([path, 200]);
    expect((await demo('GET', '/api/docs/workflow-runner/files/..%2Fpackage.json')).status).toBe(404);
    expect((await demo('GET', '/api/docs/workflow-runner/ping')).status).toBe(200);
  });
});
