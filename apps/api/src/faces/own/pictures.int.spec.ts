import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cwl, json, request, startTestApi, wide } from '../../testing/test-api.ts';
import type { Client, TestApi } from '../../testing/test-api.ts';
import { advanceRun, stepsOfWide } from '../../testing/test-runs.ts';

/** What the console draws: graphs, timelines, the queue, and who looks. */
let api: TestApi;
let demo: Client;
beforeAll(async () => {
  api = await startTestApi();
  demo = await api.as('demo');
  await demo('POST', '/demo/ogc-api/processes', cwl(wide));
});
afterAll(() => api.close());

const accept = async (count: number): Promise<string> => {
  const inputs = { n: Array.from({ length: count }, (_, index) => index) };
  return (await demo('POST', '/demo/ogc-api/processes/wide/execution', json({ inputs }))).body.jobID;
};
const bodyOf = async <Body = Record<string, unknown>>(path: string): Promise<Body> => {
  const answer = await demo('GET', path);
  expect(answer.status).toBe(200);
  return answer.body as Body;
};

describe('a graph', () => {
  it('is the same of a process and of its run', async () => {
    const graph = await bodyOf('/api/v1/workspaces/demo/processes/wide/graph');
    expect(graph).toMatchObject({ nodes: [{ id: 'say', class: 'CommandLineTool', upstream: [], scatter: [expect.any(String)] }] });
    expect(await bodyOf(`/api/v1/runs/${await accept(2)}/graph`)).toEqual(graph);
  });

  it('of what there is not: 404', async () => {
    expect((await demo('GET', '/api/v1/workspaces/demo/processes/gone/graph')).status).toBe(404);
  });
});

describe('a timeline', () => {
  const times = (run: string, count: number) =>
    api.database.pool.query(
      `insert into steps (run_id, step, attempt, workspace, state, cores, memory_mib, requested_at, started_at, finished_at)
       select $1, 'sub[' || i || ']/say[0]', 1, 'demo', case when i % 10 = 0 then 'failed' else 'successful' end, 1, 256,
         r.created_at, r.created_at + interval '1 second', r.created_at + interval '2 seconds' from generate_series(1, $2::int) i, runs r where r.id = $1`,
      [run, count],
    );

  it('has each element where they are few', async () => {
    const run = await accept(3);
    await advanceRun(api, run, stepsOfWide(1).slice(0, 3));
    const { nodes, from, to } = await bodyOf(`/api/v1/runs/${run}/timeline`);
    expect(nodes).toMatchObject([{ node: 'say', elements: 1, running: 1, bars: [{ step: 'say[0]', attempt: 1, status: 'running' }] }]);
    expect(Date.parse(from as string)).toBeLessThanOrEqual(Date.parse(to as string));
  });

  it('has the same size for ten thousand as for a hundred', async () => {
    const sizes = [];
    for (const count of [100, 10_000]) {
      const run = await accept(1);
      await times(run, count);
      await api.database.pool.query(`update runs set finished_at = created_at + interval '4 seconds' where id = $1`, [run]);
      const { nodes, parts } = await bodyOf<{ nodes: unknown; parts: number }>(`/api/v1/runs/${run}/timeline`);
      // Elements of a scattered workflow are one node; all are under way in the first half, none in the second.
      expect(nodes).toEqual([
        expect.objectContaining({
          node: 'sub/say',
          elements: count,
          failed: count / 10,
          successful: count * 0.9,
          levels: [
            { part: 0, staging: count, running: 0 },
            { part: parts / 4, staging: 0, running: count },
            { part: parts / 2, staging: 0, running: 0 },
          ],
        }),
      ]);
      sizes.push(JSON.stringify(nodes).length);
    }
    expect(Math.abs((sizes[1] ?? 0) - (sizes[0] ?? 0))).toBeLessThan(50);
  });
});

describe('runs by a text', () => {
  it('are those that have it in process, name or label, or whose id begins so', async () => {
    const [named, labelled, other] = [await accept(1), await accept(1), await accept(1)];
    await demo('PATCH', `/api/v1/runs/${named}`, json({ name: 'Lake 100%_x' }));
    await demo('PATCH', `/api/v1/runs/${labelled}`, json({ labels: { place: 'Lakeside' } }));
    const found = async (text: string) =>
      (await bodyOf<{ runs: { run: string }[] }>(`/api/v1/runs?text=${encodeURIComponent(text)}`)).runs.map(({ run }) => run);
    expect(await found('LAKE')).toEqual([labelled, named]);
    expect(await found('100%_X')).toEqual([named]);
    expect(await found(other)).toEqual([other]);
    expect(await found('%')).toEqual([named]);
    expect(await found("'; drop table runs; --")).toEqual([]);
    expect(await found('wide')).toEqual(expect.arrayContaining([named, labelled, other]));
  });
});

describe('who looks', () => {
  it('is told their workspace and what they may do; nobody is told that they are nobody', async () => {
    expect(await bodyOf('/api/v1/me')).toMatchObject({ workspace: 'demo', scopes: expect.arrayContaining(['read', 'execute']) });
    const nobody = await request(api.url, 'GET', '/api/v1/me');
    expect([nobody.status, nobody.body]).toEqual([200, { scopes: [], publicEcho: expect.any(Boolean) }]);
    const wrong = await request(api.url, 'GET', '/api/v1/me', { headers: { authorization: 'Bearer rnl_wrong' } });
    expect(wrong.status).toBe(401);
  });
});

describe('the queue', () => {
  it('is for operators: by workspace and reason, longest waiting first', async () => {
    expect((await demo('GET', '/api/v1/queue')).status).toBe(403);
    const run = await accept(1);
    const ready = (node: string, workspace: string, count: number, reason: string | null, minutes: number) =>
      api.database.pool.query(
        `insert into ready_nodes (run_id, node, workspace, count, cores, memory_mib, reason, since) values ($1, $2, $3, $4, 2, 100, $5, now() - $6 * interval '1 minute')`,
        [run, node, workspace, count, reason, minutes],
      );
    await ready('a', 'demo', 3, 'all slots are busy', 1);
    await ready('b', 'demo', 4, 'all slots are busy', 5);
    await ready('c', 'other', 1, null, 9);
    const answer = await request(api.url, 'GET', '/api/v1/queue', {
      headers: { authorization: `Bearer ${await api.token('demo', ['operator'])}` },
    });
    expect((answer.body as unknown as { waiting: object[] }).waiting).toMatchObject([
      { workspace: 'other', reason: 'waits for a slot', steps: 1 },
      { workspace: 'demo', reason: 'all slots are busy', steps: 7, runs: 1, cores: 14, memoryMiB: 700 },
    ]);
  });
});
