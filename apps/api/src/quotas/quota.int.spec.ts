import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cwl, json, request, startTestApi, wide } from '../testing/test-api.ts';
import type { Answer, Client, TestApi } from '../testing/test-api.ts';

let api: TestApi;
let demo: Client;
let operator: string;
beforeAll(async () => {
  api = await startTestApi();
  demo = await api.as('demo');
  operator = await api.token('staff', ['operator']);
  await demo('POST', '/demo/ogc-api/processes', cwl(wide));
});
afterAll(() => api.close());

const put = (workspace: string, body: unknown, token = operator): Promise<Answer> =>
  request(api.url, 'PUT', `/api/v1/workspaces/${workspace}/quota`, json(body, { authorization: `Bearer ${token}` }));
const execute = (): Promise<Answer> => demo('POST', '/demo/ogc-api/processes/wide/execution', json({ inputs: { n: [1] } }));

describe('an operator', () => {
  const operate = (method: string, path: string, body?: unknown): Promise<Answer> => {
    const authorization = `Bearer ${operator}`;
    return request(api.url, method, `/api/v1/${path}`, body === undefined ? { headers: { authorization } } : json(body, { authorization }));
  };
  const cordons = async () => (await demo('GET', '/api/v1/executors')).body.executors;

  it('cordons one executor, or all of them', async () => {
    await api.database.pool.query(
      `insert into executors (id, backend, slots, cores, memory_mib, isolation, accepting, lease_until, heartbeat_at)
       values ('x-1', 'process', 1, 1, 1, 'none', true, now(), now()), ('x-2', 'process', 1, 1, 1, 'none', true, now(), now())`,
    );
    expect((await operate('PUT', 'executors/x-1/cordon', { reason: 'a new disk' })).status).toBe(204);
    expect(await cordons()).toMatchObject([
      { id: 'x-1', cordon: 'a new disk' },
      { id: 'x-2', cordon: null },
    ]);
    expect((await operate('PUT', 'maintenance', { reason: 'upgrade' })).status).toBe(204);
    expect(await cordons()).toMatchObject([{ cordon: 'upgrade' }, { cordon: 'upgrade' }]);
    expect((await operate('DELETE', 'maintenance')).status).toBe(204);
    expect((await operate('DELETE', 'executors/x-1/cordon')).status).toBe(204);
    expect(await cordons()).toMatchObject([{ cordon: null }, { cordon: null }]);
    expect((await operate('PUT', 'executors/nobody/cordon', { reason: 'x' })).status).toBe(404);
    expect((await operate('PUT', 'maintenance', {})).status).toBe(400);
    expect((await demo('PUT', '/api/v1/maintenance', json({ reason: 'x' }))).status).toBe(403);
  });
});

describe('a quota', () => {
  it('is set by operators, a part at a time, and seen by its workspace', async () => {
    expect((await put('demo', { steps: 4, weight: 2 })).body).toMatchObject({ workspace: 'demo', steps: 4, weight: 2, cores: null });
    expect((await put('demo', { cores: 8, steps: null })).body).toMatchObject({ steps: null, weight: 2, cores: 8 });
    expect((await demo('GET', '/api/v1/quota')).body).toMatchObject({ cores: 8, use: { steps: 0, cores: 0 } });
    expect((await put('demo', { steps: 1 }, await api.token('demo'))).status).toBe(403);
    for (const wrong of [{ steps: -1 }, { weight: 0 }, { cores: 'many' }, { speed: 3 }])
      expect((await put('demo', wrong)).status).toBe(400);
    expect((await put('No-Workspace', { steps: 1 })).status).toBe(404);
  });

  it('of queued runs: 429 with Retry-After and the figures, also where many come at once', async () => {
    await put('demo', { queuedRuns: 3 });
    const answers = await Promise.all(Array.from({ length: 8 }, execute));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 429, 429, 429, 429, 429]);
    const refused = await execute();
    expect(refused.headers.get('retry-after')).toBe('10');
    expect(refused.body.detail).toBe('3 runs of the workspace are queued, its quota is 3');
    const job = answers.find(({ status }) => status === 201)?.body.jobID ?? '';
    await demo('DELETE', `/demo/ogc-api/jobs/${job}`);
    expect((await execute()).status).toBe(201);
    await put('demo', { queuedRuns: null });
    expect((await execute()).status).toBe(201);
  });

  it('of storage: 429 until there is room', async () => {
    await put('demo', { storageBytes: 1000 });
    await api.database.pool.query(`insert into objects (workspace, sha256, size, touched_at) values ('demo', 'a', 1500, now())`);
    expect(await execute()).toMatchObject({ status: 429, body: { detail: 'the workspace stores 1500 bytes, its quota is 1000' } });
    await put('demo', { storageBytes: 10_000_000_000 });
    expect((await execute()).status).toBe(201);
  });
});
