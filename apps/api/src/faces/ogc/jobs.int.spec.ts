import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RunAccepted } from '@runnel/contracts';
import { open, streamNames } from '@runnel/messaging';
import { eventually } from '@runnel/testing';
import { cwl, json, startTestApi, wide } from '../../testing/test-api.ts';
import type { Answer, Client, TestApi } from '../../testing/test-api.ts';
import { advanceRun, publishRun, stepsOfWide } from '../../testing/test-runs.ts';

let api: TestApi;
let demo: Client;
const base = '/demo/ogc-api';
const execute = (inputs: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  demo('POST', `${base}/processes/wide/execution`, json({ inputs }, headers));

/** Elsewhere in the network. */
let elsewhere: Server;
let place: string;
const files: Record<string, [type: string, body: string]> = {
  '/n.json': ['application/json', '[1, 2]'],
  '/word': ['text/plain', 'large'],
  '/a%20b.tif': ['image/tiff', 'the image'],
  '/broken.json': ['application/json', '{'],
  '/large': ['image/tiff', 'x'.repeat(1001)],
};

beforeAll(async () => {
  elsewhere = createServer((request, response) => {
    const [type, body] = files[request.url ?? ''] ?? ['text/plain', ''];
    response.writeHead(body === '' ? 404 : 200, { 'content-type': type }).end(body);
  });
  await new Promise<void>((done) => elsewhere.listen(0, '127.0.0.1', done));
  place = `127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  api = await startTestApi({ outboundHosts: [place], maxFetchBytes: 1000 });
  demo = await api.as('demo');
  expect((await demo('POST', `${base}/processes`, cwl(wide))).status).toBe(201);
  expect((await demo('PUT', '/workspaces/demo/files/bands/B04.tif', { body: 'red' })).status).toBe(201);
  expect((await demo('PUT', '/workspaces/demo/files/bands/deep/B08.tif', { body: 'near' })).status).toBe(201);
});
afterAll(async () => {
  await api.close();
  await new Promise((done) => elsewhere.close(done));
});

describe('execution', () => {
  it('answers 201 with the job, and tells the scheduler', async () => {
    const accepted = await execute({ n: [1, 2] }, { prefer: 'respond-async ', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` });
    expect(accepted.status).toBe(201);
    expect(accepted.headers.get('preference-applied')).toBe('respond-async');
    expect(accepted.headers.get('location')).toBe(`${api.url}${base}/jobs/${accepted.body.jobID}`);
    expect(accepted.body).toMatchObject({ type: 'process', processID: 'wide', status: 'accepted', progress: 0 });
    expect(accepted.body).not.toHaveProperty('started');
    expect(accepted.body.links).toContainEqual(expect.objectContaining({ rel: 'monitor', href: accepted.headers.get('location') }));
    const { links: _links, ...status } = accepted.body;
    expect((await demo('GET', accepted.headers.get('location') ?? '')).body).toMatchObject(status);

    const { rows } = await api.database.pool.query('select version, type, data from events where run_id = $1', [accepted.body.jobID]);
    expect(rows).toMatchObject([
      { version: 1, type: 'run.accepted', data: { workspace: 'demo', entry: 'wide', inputs: { n: [1, 2], loud: false } } },
    ]);
    const message = await eventually('the message is in the stream', () => lastMessage(accepted.body.jobID));
    expect(message).toMatchObject({ run: accepted.body.jobID, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` });
  });

  it('turns addresses into object URIs, folders into listings', async () => {
    const inputs = {
      n: [1],
      band: { href: `${api.url}/workspaces/demo/files/bands/B04.tif`, type: 'image/tiff' },
      folder: '/workspaces/demo/files/bands/',
    };
    const accepted = await execute(inputs);
    expect(accepted.status).toBe(201);
    expect(await inputsOf(accepted)).toMatchObject({
      band: { class: 'File', location: 'runnel:demo/files/bands/B04.tif', basename: 'B04.tif', size: 3 },
      folder: {
        class: 'Directory',
        basename: 'bands',
        listing: [
          { class: 'File', location: 'runnel:demo/files/bands/B04.tif' },
          { class: 'Directory', basename: 'deep', listing: [{ class: 'File', basename: 'B08.tif' }] },
        ],
      },
    });
    expect((await execute({ n: 1, band: { class: 'File', location: 'files/bands/B04.tif' } })).status).toBe(201);
  });

  it.each([
    ['an unknown input', { n: [1], m: 1 }, 'm'],
    ['a missing input', {}, 'n'],
    ['an ill-typed input', { n: ['one'] }, 'n'],
    ['a file that is not there', { n: [1], band: '/workspaces/demo/files/none.tif' }, 'band'],
    ['a file of another workspace', { n: [1], band: '/workspaces/other/files/B04.tif' }, 'band'],
    ['an object URI', { n: [1], band: { class: 'File', location: 'runnel:demo/files/bands/B04.tif' } }, 'band'],
    ['a local file', { n: [1], band: 'file:///etc/passwd' }, 'band'],
    ['a way out', { n: [1], band: '/workspaces/demo/files/..%2F..%2Fother' }, 'band'],
    ['an address elsewhere', { n: [1], band: 'http://169.254.169.254/latest' }, 'band'],
    ['a folder that is not there', { n: [1], folder: 'files/none' }, 'folder'],
    ['a reference of the service', { n: { $stored: { key: 'other/values/1' } } }, 'n'],
  ])('%s is refused by name, and nothing is stored', async (_name, inputs, name) => {
    const runs = async () => (await api.database.pool.query<{ count: string }>('select count(*) from runs')).rows;
    const before = await runs();
    const answer = await execute(inputs);
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map(({ path }) => path.split(/[.[]/)[0])).toEqual([name]);
    expect(answer.body.detail).toContain(name);
    expect(await runs()).toEqual(before);
  });

  it.each([
    ['malformed JSON', { body: '{"inputs": ', headers: { 'content-type': 'application/json' } }, 400],
    ['not an object', json([1]), 400],
    ['another media type', { body: 'n=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415],
  ])('%s', async (_name, init, status) => {
    expect((await demo('POST', `${base}/processes/wide/execution`, init)).status).toBe(status);
  });

  it('fetches what is named by reference, files and values, from where it may', async () => {
    const band = `http://${place}/a%20b.tif`;
    const accepted = await execute({ n: { href: `http://${place}/n.json` }, size: { href: `http://${place}/word` }, band: { href: band } });
    expect([accepted.status, accepted.text]).toEqual([201, accepted.text]);
    const key = `demo/values/${accepted.body.jobID}/fetched/band`;
    expect(await inputsOf(accepted)).toMatchObject({
      n: [1, 2],
      size: 'large',
      band: { class: 'File', location: `runnel:${key}`, basename: 'a b.tif', size: 9 },
    });
    expect((await api.objects.getBytes(key, 100)).toString()).toBe('the image');
    for (const [inputs, reason] of [
      [{ n: { href: `http://${place}/word` } }, /n.*expected/],
      [{ n: { href: `http://${place}/broken.json` } }, /says that it is JSON/],
      [{ n: { href: `http://${place}/none` } }, /answers 404/],
      [{ n: { href: 'http://127.0.0.1:1/' } }, /not a public address/],
      [{ n: [1], band: { href: `http://${place}/large` } }, /more than 1000 bytes/],
    ] as const) {
      const answer = await execute(inputs);
      expect([answer.status, answer.body.detail]).toEqual([400, expect.stringMatching(reason)]);
    }
  });

  it('stores large inputs as objects', async () => {
    const n = Array.from({ length: 100_000 }, (_, index) => index);
    const accepted = await execute({ n });
    const { n: reference } = (await inputsOf(accepted)) as { n: { $stored: { key: string; length: number } } };
    expect(reference.$stored).toEqual({ key: `demo/values/${accepted.body.jobID}/inputs/n.json`, length: 100_000 });
    expect(JSON.parse((await api.objects.getBytes(reference.$stored.key, 1e7)).toString())).toEqual(n);
  });

  it('answers with the results where the caller waits and they come in time', async () => {
    const newest = async () =>
      (await api.database.pool.query<{ id: string }>('select id from runs order by created_at desc limit 1')).rows[0]?.id;
    const before = await newest();
    const waiting = execute({ n: [0, 1] }, { prefer: 'wait=30' });
    const run = await eventually('the run is there', async () => {
      const id = await newest();
      return id === before ? undefined : id;
    });
    await advanceRun(api, run, stepsOfWide(2));
    await publishRun(api, 'demo', run, { all: ['element-0-done', 'element-1-done'] });
    const answer = await waiting;
    expect([answer.status, answer.body]).toEqual([200, ['element-0-done', 'element-1-done']]);
    expect(answer.headers.get('preference-applied')).toBe('wait=30');
    expect((await execute({ n: [1] }, { prefer: 'wait=1' })).status).toBe(201);
  });
});

describe('a job', () => {
  it('goes from accepted to its results', async () => {
    const { body } = await execute({ n: [0, 1, 2] });
    const job = `${base}/jobs/${body.jobID}`;
    const early = await demo('GET', `${job}/results`);
    expect([early.status, early.body.type]).toEqual([404, 'http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/result-not-ready']);
    await advanceRun(api, body.jobID, stepsOfWide(3));
    const running = await demo('GET', job);
    expect(running.body).toMatchObject({ status: 'running', progress: 99, started: expect.any(String) });
    expect(running.body).not.toHaveProperty('finished');
    const place = `runnel:demo/results/${body.jobID}`;
    await publishRun(api, 'demo', body.jobID, {
      all: ['a', 'b'],
      picture: {
        class: 'File',
        location: `${place}/picture/a b.png`,
        basename: 'a b.png',
        size: 3,
        checksum: 'sha1$x',
        mediaType: 'image/png',
      },
      folder: { class: 'Directory', location: `${place}/folder/`, basename: 'folder', listing: [] },
      nothing: null,
    });
    const done = await demo('GET', job);
    expect(done.body).toMatchObject({ status: 'successful', finished: expect.any(String) });
    expect(done.body).not.toHaveProperty('progress');
    const link = done.body.links.find(({ rel }) => rel === 'http://www.opengis.net/def/rel/ogc/1.0/results');
    const results = await demo('GET', `${link?.href ?? ''}?f=json`);
    const address = `${api.url}/workspaces/demo/results/${body.jobID}`;
    expect(results.body).toEqual({
      all: ['a', 'b'],
      picture: { href: `${address}/picture/a%20b.png`, type: 'image/png', title: 'a b.png', size: 3, checksum: 'sha1$x' },
      folder: { href: `${address}/folder/`, title: 'folder', listing: [] },
    });
    expect((await demo('DELETE', job)).body.status).toBe('successful');
  });

  it('says why it failed', async () => {
    const { body } = await execute({ n: [0] });
    const failure = { class: 'tool', reason: 'the tool ended with exit code 3', exitCode: 3 };
    const ref = { step: 'say[0]', attempt: 1, executor: 'x-1' };
    await advanceRun(api, body.jobID, [
      { type: 'start-run' },
      { type: 'grant-steps', node: 'say', executor: 'x-1', count: 1 },
      { type: 'start-step', ...ref },
      { type: 'finish-step', ...ref, outcome: 'failed', outputs: {}, failure },
    ]);
    const failed = await demo('GET', `${base}/jobs/${body.jobID}`);
    expect(failed.body.status).toBe('failed');
    const results = await demo('GET', `${base}/jobs/${body.jobID}/results`);
    expect(results.status).toBe(422);
    expect(results.body).toMatchObject({
      type: 'urn:runnel:run-failed:tool',
      detail: 'say[0]: the tool ended with exit code 3',
      step: 'say[0]',
    });
  });

  it('is dismissed once, also while its owner writes', async () => {
    const { body } = await execute({ n: [0, 1, 2, 3] });
    const busy = advanceRun(api, body.jobID, stepsOfWide(2));
    const answers = await Promise.all([demo('DELETE', `${base}/jobs/${body.jobID}`), demo('DELETE', `${base}/jobs/${body.jobID}`)]);
    await busy.catch(() => undefined);
    for (const answer of answers) expect([answer.status, answer.body.status]).toEqual([200, 'dismissed']);
    const { rows } = await api.database.pool.query(`select count(*)::int as n from events where run_id = $1 and type = 'run.dismissed'`, [
      body.jobID,
    ]);
    expect(rows).toEqual([{ n: 1 }]);
    expect((await demo('GET', `${base}/jobs/${body.jobID}/results`)).status).toBe(404);
    await eventually('the scheduler is told', () => lastMessage(body.jobID, 'run.dismissed'));
  });

  it.each(['nonsense', '01936d2e-7c1a-7000-8000-000000000001', "'; drop table runs"])('%s is no job', async (id) => {
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/results'],
    ] as const) {
      const answer = await demo(method, `${base}/jobs/${encodeURIComponent(id)}${path}`);
      expect([answer.status, answer.body.type]).toEqual([404, 'http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-job']);
    }
  });
});

describe('the list of jobs', () => {
  it('is newest first, in pages that hold each job once, and can be filtered', async () => {
    const { rows } = await api.database.pool.query<{ id: string; phase: string }>(
      'select id, phase from runs order by created_at desc, id desc',
    );
    const seen: string[] = [];
    let path: string | undefined = `${base}/jobs?limit=3`;
    while (path !== undefined) {
      const page = await demo('GET', path);
      seen.push(...page.body.jobs.map(({ jobID }) => jobID));
      path = page.body.links.find(({ rel }) => rel === 'next')?.href;
    }
    expect(seen).toEqual(rows.map(({ id }) => id));
    const filtered = await demo('GET', `${base}/jobs?status=failed,dismissed&processID=wide`);
    expect(filtered.body.jobs.map(({ jobID }) => jobID)).toEqual(
      rows.filter(({ phase }) => phase === 'failed' || phase === 'dismissed').map(({ id }) => id),
    );
    expect((await demo('GET', `${base}/jobs?processID=other`)).body.jobs).toEqual([]);
    expect((await demo('GET', `${base}/jobs?limit=1&limit=2`)).body.jobs).toHaveLength(2);
    for (const bad of ['status=lost', 'limit=0', 'after=x', 'before=x', 'datetime=today', 'minDuration=-1', 'maxDuration=x', 'f=xml'])
      expect((await demo('GET', `${base}/jobs?${bad}`)).status).toBe(400);
  });
});

it('a run that was accepted before the api ended is published after its start', async () => {
  const { body } = await execute({ n: [1] });
  await api.database.pool.query('delete from outbox');
  await api.database.pool.query(
    `insert into outbox (subject, headers, payload) values ($1, '{"ce-specversion": "1.0", "ce-type": "runnel.run.accepted.v1"}', $2)`,
    [`${api.config.prefix}.run.accepted.p00`, JSON.stringify({ workspace: 'demo', run: body.jobID })],
  );
  await api.restart();
  demo = await api.as('demo');
  await eventually('the outbox is empty', async () => (await api.database.pool.query('select 1 from outbox')).rowCount === 0);
  expect((await demo('GET', `${base}/jobs/${body.jobID}`)).body.status).toBe('accepted');
});

async function inputsOf(answer: Answer): Promise<unknown> {
  const { rows } = await api.database.pool.query<{ data: { inputs: unknown } }>('select data from events where run_id = $1', [
    answer.body.jobID,
  ]);
  return rows[0]?.data.inputs;
}

/** The message of this type about a run, if it is among the last in the work stream. */
async function lastMessage(run: string, name: string = RunAccepted.name) {
  const { jsm, prefix } = api.messaging;
  const stream = streamNames(prefix).work;
  const { state } = await jsm.streams.info(stream);
  for (let seq = state.last_seq; seq >= Math.max(1, state.first_seq); seq -= 1) {
    const stored = await jsm.streams.getMessage(stream, { seq });
    const opened = stored && open({ subject: stored.subject, headers: stored.header, data: stored.data });
    if (opened?.ok && opened.message.run === run && opened.message.contract.name === name) return opened.message;
  }
  return undefined;
}
