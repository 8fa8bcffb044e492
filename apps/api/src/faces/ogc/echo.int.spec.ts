import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cwl, json, request, startTestApi, wide } from '../../testing/test-api.ts';
import type { Answer, Client, TestApi } from '../../testing/test-api.ts';
import { advanceRun, publishRun, stepsOfWide } from '../../testing/test-runs.ts';

let api: TestApi;
let demo: Client;
const base = '/demo/ogc-api';
const anybody: Client = (method, path, init) => request(api.url, method, path, init);
const echo = (body: object, client: Client = anybody): Promise<Answer> =>
  client('POST', `${base}/processes/echo/execution`, json(body, { prefer: 'respond-async' }));
const exceptions = 'http://www.opengis.net/def/exceptions';

beforeAll(async () => {
  api = await startTestApi({ publicEcho: true });
  demo = await api.as('demo');
  expect((await demo('POST', `${base}/processes`, cwl(wide))).status).toBe(201);
});
afterAll(() => api.close());

/** A run of `echo` that has ended with these outputs, as its caller sees it. */
async function ended(body: object, outputs: Record<string, null | string | number | object>): Promise<string> {
  const accepted = await echo(body);
  expect([accepted.status, accepted.text]).toEqual([201, accepted.text]);
  await advanceRun(api, accepted.body.jobID, [{ type: 'start-run' }]);
  await publishRun(api, 'public', accepted.body.jobID, outputs as never);
  return `${base}/jobs/${accepted.body.jobID}`;
}

describe('a caller without a token', () => {
  it('sees echo and its own kind’s runs of it, nothing else', async () => {
    const { body } = await echo({ inputs: { message: 'a' } }, demo);
    const own = await echo({ inputs: { message: 'a' } });
    expect((await anybody('GET', `${base}/processes`)).body.processes.map(({ id }) => id)).toEqual(['echo']);
    expect((await demo('GET', `${base}/processes`)).body.processes.map(({ id }) => id)).toEqual(['echo', 'wide']);
    expect((await anybody('GET', `${base}/jobs`)).body.jobs.map(({ jobID }) => jobID)).toEqual([own.body.jobID]);
    expect((await demo('GET', `${base}/jobs`)).body.jobs.map(({ jobID }) => jobID)).toEqual([body.jobID]);
    for (const path of ['processes/wide', 'processes/wide/package', `jobs/${body.jobID}`, `jobs/${body.jobID}/results`])
      expect((await anybody('GET', `${base}/${path}`)).status).toBe(404);
    expect((await anybody('DELETE', `${base}/jobs/${body.jobID}`)).status).toBe(404);
    expect((await anybody('DELETE', `${base}/jobs/${own.body.jobID}`)).body.status).toBe('dismissed');
    expect((await anybody('POST', `${base}/processes/wide/execution`, json({ inputs: { n: [1] } }))).status).toBe(404);
  });

  it.each([
    ['POST', '/demo/ogc-api/processes'],
    ['PUT', '/demo/ogc-api/processes/echo'],
    ['DELETE', '/demo/ogc-api/processes/echo'],
    ['GET', '/api/v1/runs'],
    ['GET', '/workspaces/demo/files/a'],
    ['GET', '/workspaces/public/results/a'],
  ])('%s %s: 401', async (method, path) => {
    expect((await anybody(method, path, { headers: { 'content-type': 'application/cwl' } })).status).toBe(401);
  });
});

it('nobody replaces what comes with the release, and the media type is looked at first', async () => {
  const other = wide.replaceAll('wide', 'echo');
  const answers = [
    await demo('POST', `${base}/processes`, cwl(other)),
    await demo('PUT', `${base}/processes/echo`, cwl(other)),
    await demo('DELETE', `${base}/processes/echo`),
  ];
  for (const { status, body } of answers)
    expect([status, body.type]).toEqual([403, `${exceptions}/ogcapi-processes-2/1.0/immutable-process`]);
  expect((await demo('PUT', `${base}/processes/echo`, cwl(other, 'text/plain'))).status).toBe(415);
  expect((await demo('GET', `${base}/processes/echo/package`)).text).toContain('id: echo');
});

describe('inputs that do not fit are refused by name', () => {
  it.each([
    [{}, 'message'],
    [{ inputs: { message: 1 } }, 'message'],
    [{ inputs: { message: 'a', image: { type: 'wrong/type' } } }, 'image'],
    [{ inputs: { message: 'a', other: 1 } }, 'other'],
    [{ inputs: { message: 'a', image: { href: 'https://a.example/b', title: { $stored: { key: 'x' } } } } }, 'image'],
  ])('%j', async (body, name) => {
    const answer = await echo(body);
    expect([answer.status, answer.body.type]).toEqual([400, `${exceptions}/ogcapi-processes-1/1.0/InvalidParameterValue`]);
    expect(answer.body.errors.map(({ path }) => path)).toEqual([name]);
  });

  it.each([
    [{ inputs: { message: 'a' }, outputs: { other: {} } }, /no output "other"/],
    [{ inputs: { message: 'a' }, outputs: { message: { transmissionMode: 'pigeon' } } }, /outputs.message.transmissionMode/],
    [{ inputs: { message: 'a' }, response: 'poem' }, /response/],
    [{ inputs: { message: 'a' }, subscriber: { successUri: 'file:///a' } }, /subscriber.successUri/],
    [{ inputs: { message: 'a' }, colour: 'red' }, /colour/],
  ])('%j', async (body, detail) => {
    const answer = await echo(body);
    expect(answer.status).toBe(400);
    expect(answer.body.detail).toMatch(detail);
  });
});

describe('results come as they were asked for', () => {
  const outputs = { message: 'hello', count: 3, flag: null, image: { value: 'AAEC', mediaType: 'image/png', encoding: 'base64' } };
  const inputs = { message: 'hello' };

  it('raw, all: a part for each that has a value', async () => {
    const answer = await anybody('GET', `${await ended({ inputs }, outputs)}/results`);
    const boundary = /^multipart\/related; boundary=(\S+)$/.exec(answer.headers.get('content-type') ?? '')?.[1] ?? '';
    expect(answer.text.split(`--${boundary}`)).toEqual([
      '',
      '\r\nContent-Type: text/plain\r\nContent-ID: message\r\n\r\nhello\r\n',
      '\r\nContent-Type: application/json\r\nContent-ID: count\r\n\r\n3\r\n',
      '\r\nContent-Type: image/png\r\nContent-ID: image\r\n\r\n\0\x01\x02\r\n',
      '--\r\n',
    ]);
  });

  it('raw, one: the value in its own type', async () => {
    const job = await ended({ inputs, outputs: { image: {} } }, outputs);
    const image = await anybody('GET', `${job}/results`);
    expect([image.status, image.headers.get('content-type'), image.text]).toEqual([200, 'image/png', '\0\x01\x02']);
    expect((await anybody('GET', `${await ended({ inputs, outputs: { flag: {} } }, outputs)}/results`)).status).toBe(204);
    const one = await anybody('GET', `${job}/results/message`);
    expect([one.headers.get('content-type'), one.text]).toEqual(['text/plain; charset=utf-8', 'hello']);
    const none = await anybody('GET', `${job}/results/flag`);
    expect([none.status, none.body.type]).toEqual([404, `${exceptions}/ogcapi-processes-1/1.0/no-such-output`]);
  });

  it('raw, by reference: links and no body; mixed: an empty part with its address', async () => {
    const reference = { transmissionMode: 'reference' };
    const job = await ended({ inputs, outputs: { message: reference, count: reference } }, outputs);
    const answer = await anybody('GET', `${job}/results`);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers.get('link')).toBe(
      `<${api.url}${job}/results/message>; rel="message"; type="text/plain", <${api.url}${job}/results/count>; rel="count"; type="application/json"`,
    );
    expect((await anybody('GET', `${job}/results/count`)).text).toBe('3');
    const mixed = await ended({ inputs, outputs: { message: {}, count: reference } }, outputs);
    expect((await anybody('GET', `${mixed}/results`)).text).toContain(
      `\r\nContent-Type: application/json\r\nContent-ID: count\r\nContent-Location: ${api.url}${mixed}/results/count\r\n\r\n\r\n--`,
    );
  });

  it('a document, in place or as links; whoever names an encoding gets one too', async () => {
    const job = await ended({ inputs, response: 'document', outputs: { message: {}, count: { transmissionMode: 'reference' } } }, outputs);
    const answer = await anybody('GET', `${job}/results`);
    expect(answer.body).toEqual({ message: 'hello', count: { href: `${api.url}${job}/results/count`, type: 'application/json' } });
    const raw = await ended({ inputs }, outputs);
    expect((await anybody('GET', `${raw}/results?f=json`)).body).toEqual({ message: 'hello', count: 3, image: outputs.image });
    const page = await anybody('GET', `${raw}/results`, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
    expect([page.headers.get('content-type'), page.text]).toEqual(['text/html; charset=utf-8', expect.stringContaining('hello')]);
  });

  it('a reference that was given comes back as one', async () => {
    const job = await ended({ inputs, outputs: { image: {} } }, { image: { href: 'https://a.example/b.tif', type: 'image/tiff' } });
    const answer = await anybody('GET', `${job}/results`);
    expect([answer.status, answer.headers.get('link')]).toEqual([204, '<https://a.example/b.tif>; rel="image"; type="image/tiff"']);
  });

  it('from their row, where they are values alone and have no document', async () => {
    const outputs = { message: 'hello', number: null };
    const job = await ended({ inputs: { message: 'hello' }, response: 'document' }, outputs);
    const id = job.split('/').at(-1) ?? '';
    const whole = await anybody('GET', `${job}/results`);
    await api.objects.delete(`public/results/${id}/results.json`);
    await api.database.pool.query('update runs set document = null where id = $1', [id]);
    expect((await anybody('GET', `${job}/results`)).status).toBe(404);
    await api.database.pool.query(
      `insert into results (run_id, output, workspace, value, published_at) values ($1, '', 'public', $2, now())`,
      [id, JSON.stringify(outputs)],
    );
    expect((await anybody('GET', `${job}/results`)).body).toEqual(whole.body);
  });

  it('as the caller prefers, where the request said nothing else', async () => {
    const results = (job: string, form: string) => anybody('GET', `${job}/results`, { headers: { prefer: `return=${form}` } });
    const outputs = { message: 'a', count: 2 };
    const raw = await ended({ inputs: { message: 'a' } }, outputs);
    const links = await results(raw, 'minimal');
    expect([links.status, links.headers.get('preference-applied')]).toEqual([204, 'return=minimal']);
    expect(links.headers.get('link')).toMatch(/rel="message".*rel="count"/);
    const parts = await results(raw, 'representation');
    expect([parts.status, parts.headers.get('preference-applied')]).toEqual([200, 'return=representation']);
    expect(parts.headers.get('content-type')).toMatch(/^multipart\/related/);
    const asked = { message: { transmissionMode: 'value' }, count: {} };
    const document = await ended({ inputs: { message: 'a' }, response: 'document', outputs: asked }, outputs);
    expect((await results(document, 'minimal')).body).toEqual({
      message: 'a',
      count: { href: `${api.url}${document}/results/count`, type: 'application/json' },
    });
  });
});

describe('the list of jobs', () => {
  const ids = (answer: Answer): string[] => answer.body.jobs.map(({ jobID }) => jobID);
  const rel = (answer: Answer, name: string): string | undefined => answer.body.links.find((link) => link.rel === name)?.href;

  it('leads on and back', async () => {
    const all = ids(await anybody('GET', `${base}/jobs`));
    expect(all.length).toBeGreaterThan(6);
    const first = await anybody('GET', `${base}/jobs?limit=2&status=successful,dismissed,accepted`);
    expect(rel(first, 'prev')).toBeUndefined();
    const second = await anybody('GET', rel(first, 'next') ?? '');
    const third = await anybody('GET', rel(second, 'next') ?? '');
    expect([first, second, third].flatMap(ids)).toEqual(all.slice(0, 6));
    const back = await anybody('GET', rel(third, 'prev') ?? '');
    expect(ids(back)).toEqual(ids(second));
    const start = await anybody('GET', rel(back, 'prev') ?? '');
    expect([ids(start), rel(start, 'prev')]).toEqual([ids(first), undefined]);
    expect(ids(await anybody('GET', rel(start, 'next') ?? ''))).toEqual(ids(second));
  });

  it('can be asked for times and durations', async () => {
    const { rows } = await api.database.pool.query<{ id: string; at: Date }>(
      `select id, created_at as at from runs where workspace = 'public' and phase = 'successful' order by created_at limit 2`,
    );
    const [oldest, later] = rows;
    if (!oldest || !later) throw new Error('there are fewer than two');
    await api.database.pool.query(`update runs set started_at = finished_at - interval '100 s' where id = $1`, [oldest.id]);
    expect(ids(await anybody('GET', `${base}/jobs?minDuration=100&maxDuration=100`))).toEqual([oldest.id]);
    expect(ids(await anybody('GET', `${base}/jobs?maxDuration=99&status=successful`))).not.toContain(oldest.id);
    expect(ids(await anybody('GET', `${base}/jobs?datetime=${oldest.at.toISOString()}`))).toEqual([oldest.id]);
    const since = ids(await anybody('GET', `${base}/jobs?datetime=${later.at.toISOString()}/..&status=successful`));
    expect(since).toContain(later.id);
    expect(since).not.toContain(oldest.id);
  });
});

it('every page is there as HTML too, and says so', async () => {
  const job = await ended({ inputs: { message: 'a' } }, { message: 'a' });
  for (const path of [base, `${base}/conformance`, `${base}/api`, `${base}/processes`, `${base}/processes/echo`, `${base}/jobs`, job]) {
    const page = await anybody('GET', `${path}?f=html`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const data = await anybody('GET', path, { headers: { accept: 'application/json, text/html;q=0.5' } });
    expect(data.headers.get('content-type')).toMatch(/json/);
    if (!path.endsWith('/api')) expect(data.body.links).toContainEqual(expect.objectContaining({ rel: 'alternate', type: 'text/html' }));
  }
});

describe('where a job comes from (Part 4)', () => {
  it('is created by naming the process, and tells how', async () => {
    const body = { process: `${api.url}${base}/processes/echo`, inputs: { message: 'a', count: 2 }, outputs: { message: {} } };
    const created = await demo('POST', `${base}/jobs`, json(body));
    expect([created.status, created.headers.get('location')]).toEqual([201, `${api.url}${base}/jobs/${created.body.jobID}`]);
    const job = `${base}/jobs/${created.body.jobID}`;
    expect((await demo('GET', `${job}/inputs`)).body).toMatchObject({
      inputs: { message: 'a', count: 2 },
      links: [{ rel: 'self' }, {}, {}],
    });
    expect((await demo('GET', `${job}/definition`)).body).toMatchObject(body);
    expect((await anybody('GET', `${job}/definition`)).status).toBe(404);
    const unknown = await demo('POST', `${base}/jobs`, json({ process: 'none' }));
    expect([unknown.status, unknown.body.type]).toEqual([404, `${exceptions}/ogcapi-processes-1/1.0/no-such-process`]);
    expect((await demo('POST', `${base}/jobs`, json({ inputs: {} }))).status).toBe(400);
    expect((await demo('POST', `${base}/jobs`, cwl('a', 'text/plain'))).status).toBe(415);
  });

  it('says what ran', async () => {
    const { body } = await demo('POST', `${base}/processes/wide/execution`, json({ inputs: { n: [1, 2] } }));
    await advanceRun(api, body.jobID, stepsOfWide(2));
    await publishRun(api, 'demo', body.jobID, { all: ['a', 'b'] });
    const prov = (await demo('GET', `${base}/jobs/${body.jobID}/prov`)).body as unknown as Record<string, Record<string, object>>;
    expect(prov['prefix']).toEqual({ job: `${api.url}${base}/jobs/${body.jobID}/`, runnel: 'urn:runnel:' });
    expect(prov['entity']).toMatchObject({
      'job:process': { 'prov:location': `${api.url}${base}/processes/wide`, 'runnel:digest': expect.any(String) },
      'job:inputs/n': { 'prov:value': '[1,2]' },
      'job:outputs/all': { 'prov:value': '["a","b"]' },
    });
    expect(prov['activity']).toMatchObject({
      'job:run': { 'prov:startTime': expect.any(String), 'prov:endTime': expect.any(String), 'runnel:status': 'successful' },
      'job:steps/say[0]': { 'runnel:state': 'successful', 'runnel:exitCode': 0 },
      'job:steps/say[1]': {},
    });
    expect(Object.values(prov['wasGeneratedBy'] ?? {})).toEqual([
      { 'prov:activity': 'job:run', 'prov:entity': 'job:outputs/all', 'prov:time': expect.any(String) },
    ]);
  });
});
