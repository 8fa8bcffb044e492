import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cwl, json, startTestApi, wide } from '../../testing/test-api.ts';
import type { Client, TestApi } from '../../testing/test-api.ts';

let api: TestApi;
let demo: Client;
const runs: string[] = [];
beforeAll(async () => {
  api = await startTestApi();
  demo = await api.as('demo');
  await demo('POST', '/demo/ogc-api/processes', cwl(wide));
  for (let n = 0; n < 5; n++)
    runs.push((await demo('POST', '/demo/ogc-api/processes/wide/execution', json({ inputs: { n: [n] } }))).body.jobID);
});
afterAll(() => api.close());

const change = (run: string | undefined, body: unknown) => demo('PATCH', `/api/v1/runs/${run}`, json(body));
const listed = async (query: string): Promise<string[]> => {
  const ids: string[] = [];
  for (let path: string | undefined = `/api/v1/runs?limit=2&${query}`; path !== undefined;) {
    const page = await demo('GET', path);
    expect(page.status).toBe(200);
    ids.push(...page.body.runs.map(({ run }) => run));
    path = page.body.next;
  }
  return ids;
};

describe('runs that people manage', () => {
  it('have names, labels and shares, and are found by them, in both orders', async () => {
    for (const [index, run] of runs.entries()) await change(run, { labels: { area: index < 3 ? 'kent' : 'fife', n: String(index) } });
    const answer = await change(runs[0], { name: 'first', priority: 5, weight: 2 });
    expect(answer.body).toMatchObject({ name: 'first', labels: { area: 'kent', n: '0' }, priority: 5, weight: 2 });
    expect(await listed('name=first')).toEqual([runs[0]]);
    expect(await listed('label=area=kent&sort=created')).toEqual(runs.slice(0, 3));
    expect(await listed('label=area=kent')).toEqual(runs.slice(0, 3).reverse());
    expect(await listed('label=area=kent&label=n=1')).toEqual([runs[1]]);
    expect((await change(runs[0], { name: null, labels: {} })).body).toMatchObject({ labels: {}, priority: 5 });
  });

  it.each([{ name: '' }, { labels: { 'no name': 'x' } }, { labels: { x: 'a\0b' } }, { priority: 1000 }, { weight: 0 }, { colour: 'red' }])(
    'refuse %j and stay as they are',
    async (body) => {
      expect((await change(runs[1], body)).status).toBe(400);
      expect((await demo('GET', `/api/v1/runs/${runs[1]}`)).body).toMatchObject({ labels: { area: 'kent', n: '1' }, priority: 0 });
    },
  );

  it('are run again with changed inputs', async () => {
    const again = (body: unknown, headers = {}) => demo('POST', `/api/v1/runs/${runs[1]}/again`, json(body, headers));
    const first = await again({ inputs: { size: 'large' } }, { 'idempotency-key': 'again' });
    const { run } = first.body as unknown as { run: string };
    expect([first.status, first.headers.get('location')]).toEqual([201, `/api/v1/runs/${run}`]);
    expect((await again({ inputs: { size: 'large' } }, { 'idempotency-key': 'again' })).body).toMatchObject({ run });
    expect((await demo('GET', `/demo/ogc-api/jobs/${run}/inputs`)).body).toMatchObject({ inputs: { n: [1], loud: false, size: 'large' } });
    const refused = await again({ inputs: { n: 'many' } });
    expect(refused.status).toBe(400);
    expect((await demo('POST', '/api/v1/runs/01936d2e-7c1a-7000-8000-000000000001/again', json({}))).status).toBe(404);
    await demo('DELETE', `/api/v1/runs/${run}`);
  });

  it('are dismissed together, by a filter and never without one', async () => {
    const dismiss = (body: unknown) => demo('POST', '/api/v1/runs/dismiss', json(body));
    expect((await dismiss({})).status).toBe(400);
    expect((await dismiss({ labels: { area: 'fife' } })).body).toEqual({ dismissed: runs.slice(3).reverse(), more: false });
    expect((await dismiss({ labels: { area: 'fife' } })).body).toEqual({ dismissed: [], more: false });
    expect(await listed('status=dismissed&label=area=fife')).toEqual(runs.slice(3).reverse());
    const other = await api.as('other');
    expect((await other('POST', '/api/v1/runs/dismiss', json({ runs }))).body).toEqual({ dismissed: [], more: false });
    expect((await dismiss({ runs: [runs[2]] })).body).toEqual({ dismissed: [runs[2]], more: false });
  });
});
