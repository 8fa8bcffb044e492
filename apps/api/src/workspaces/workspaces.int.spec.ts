import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cwl, json, request, startTestApi, wide } from '../testing/test-api.ts';
import type { Answer, Client, TestApi } from '../testing/test-api.ts';
import { startTestIssuer } from '../testing/test-issuer.ts';
import type { TestIssuer } from '../testing/test-issuer.ts';

let api: TestApi;
let issuer: TestIssuer;
let operator: string;
beforeAll(async () => {
  issuer = await startTestIssuer();
  api = await startTestApi({ oidcIssuer: issuer.url, secretsKeys: ['a key of this test, long enough for it'] });
  operator = await api.token('staff', ['operator']);
}, 60_000);
afterAll(async () => {
  await api.close();
  await issuer.close();
});

const operate = (method: string, path: string, body?: unknown): Promise<Answer> => {
  const authorization = `Bearer ${operator}`;
  return request(api.url, method, `/api/v1/${path}`, body === undefined ? { headers: { authorization } } : json(body, { authorization }));
};
const execute = (client: Client, workspace: string): Promise<Answer> =>
  client('POST', `/${workspace}/ogc-api/processes/wide/execution`, json({ inputs: { n: [1] } }));
const phaseOf = async (run: string): Promise<unknown> =>
  (await api.database.pool.query<{ phase: string }>('select phase from runs where id = $1', [run])).rows[0]?.phase;

async function until(what: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await what());) {
    if (Date.now() > end) throw new Error('it does not happen');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('a workspace', () => {
  it('is made once, has settings of its own and of its operator’s', async () => {
    expect(await operate('POST', 'workspaces', { name: 'made', title: 'Made here', budget: { coreHours: 5 } })).toMatchObject({
      status: 201,
      body: { name: 'made', state: 'active', settings: { title: 'Made here', budget: { coreHours: 5 } } },
    });
    expect((await operate('POST', 'workspaces', { name: 'made' })).status).toBe(409);
    for (const wrong of [{ name: 'system' }, { name: 'Made' }, { name: 'x1', budget: { coreHours: -1 } }, { name: 'x1', speed: 1 }, {}])
      expect((await operate('POST', 'workspaces', wrong)).status).toBe(400);
    const made = await api.as('made');
    expect((await made('PATCH', '/api/v1/workspace', json({ title: 'Ours' }))).body).toMatchObject({
      settings: { title: 'Ours', budget: { coreHours: 5 } },
    });
    expect((await made('PATCH', '/api/v1/workspace', json({ nodeSelector: { disk: 'ssd' } }))).status).toBe(400);
    const changed = await operate('PATCH', 'workspaces/made', {
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'spot', operator: 'Exists' }],
      priorityClass: 'batch',
      title: null,
      budget: { coreHours: 1 },
    });
    expect(changed.body).toMatchObject({
      settings: {
        nodeSelector: { disk: 'ssd' },
        tolerations: [{ key: 'spot', operator: 'Exists' }],
        priorityClass: 'batch',
        budget: { coreHours: 1 },
      },
    });
    expect(changed.text).not.toContain('title');
    expect((await operate('GET', 'workspaces?limit=1')).body).toMatchObject({ workspaces: [{ name: 'made' }], next: expect.anything() });
    expect((await operate('GET', 'workspaces/nobody')).status).toBe(404);
    expect((await made('GET', '/api/v1/workspaces')).status).toBe(403);
  });

  it('that is suspended shows what it has, and lets nothing begin', async () => {
    const client = await api.as('paused');
    await client('POST', '/paused/ogc-api/processes', cwl(wide));
    const { jobID } = (await execute(client, 'paused')).body;
    expect((await operate('POST', 'workspaces/paused/suspend', { reason: 'unpaid' })).body).toMatchObject({ state: 'suspended' });
    expect(await execute(client, 'paused')).toMatchObject({ status: 403, body: { detail: 'workspace "paused" is suspended: unpaid' } });
    expect((await client('PUT', '/workspaces/paused/files/a.txt', { body: 'a' })).status).toBe(403);
    expect((await client('POST', '/api/v1/tokens', json({ name: 'x' }))).status).toBe(403);
    expect((await client('GET', `/paused/ogc-api/jobs/${jobID}`)).status).toBe(200);
    expect((await client('GET', '/api/v1/workspace')).body).toMatchObject({ state: 'suspended', reason: 'unpaid', openRuns: 1 });
    expect((await client('DELETE', `/paused/ogc-api/jobs/${jobID}`)).status).toBe(200);
    const { rows } = await api.database.pool.query('select * from held_workspaces');
    expect(rows).toEqual([{ workspace: 'paused', reason: 'the workspace is suspended: unpaid' }]);
    await operate('POST', 'workspaces/paused/resume', {});
    expect((await execute(client, 'paused')).status).toBe(201);
  });

  it('whose service is called while it is suspended executes nothing', async () => {
    const owner = await api.as('owner');
    const caller = await api.as('caller');
    await owner('POST', '/owner/ogc-api/processes', cwl(wide));
    const policy = { workflows: { wide: { type: 'user-service' } } };
    await owner('PUT', '/workspaces/owner/files/eodh-config/access-policy.json', { body: JSON.stringify(policy) });
    const call = (): Promise<Answer> => execute(caller, 'owner');
    expect((await call()).status).toBe(201);
    await operate('POST', 'workspaces/owner/suspend', {});
    expect(await call()).toMatchObject({ status: 403, body: { detail: 'workspace "owner" is suspended' } });
  });

  it('that is deleted lets nobody in, dismisses its runs and is not given again', async () => {
    const client = await api.as('gone');
    await client('POST', '/gone/ogc-api/processes', cwl(wide));
    const { jobID } = (await execute(client, 'gone')).body;
    const user = await issuer.sign({ workspace: 'gone' });
    const asUser = (): Promise<Answer> => request(api.url, 'GET', '/gone/ogc-api/jobs', { headers: { authorization: `Bearer ${user}` } });
    expect((await asUser()).status).toBe(200);
    expect((await operate('DELETE', 'workspaces/gone')).status).toBe(400);
    expect((await operate('DELETE', 'workspaces/gone?confirm=gone')).status).toBe(202);
    expect([401, 403]).toContain((await client('GET', '/gone/ogc-api/jobs')).status);
    await until(async () => (await client('GET', '/gone/ogc-api/jobs')).status === 401);
    expect(await asUser()).toMatchObject({ status: 403, body: { detail: 'workspace "gone" is deleted' } });
    await until(async () => (await phaseOf(jobID)) === 'dismissed');
    expect((await operate('DELETE', 'workspaces/gone?confirm=gone')).status).toBe(202);
    expect((await operate('POST', 'workspaces/gone/resume', {})).status).toBe(409);
    expect((await operate('POST', 'workspaces', { name: 'gone' })).status).toBe(409);
    const fresh = await api.token('gone');
    expect((await request(api.url, 'GET', '/gone/ogc-api/processes', { headers: { authorization: `Bearer ${fresh}` } })).status).toBe(403);
  });
});

describe('members', () => {
  const as = (token: string, method: string, path: string, init: object = {}): Promise<Answer> =>
    request(api.url, method, path, { ...init, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } });

  it('may do what their role allows, at once also with what they have', async () => {
    const owner = await api.as('team');
    const ada = await issuer.sign({ workspace: 'team', sub: 'ada' });
    const key = (await as(ada, 'POST', '/api/v1/tokens', { body: JSON.stringify({ name: 'mine' }) })).body.secret;
    expect((await as(ada, 'PUT', '/workspaces/team/files/a.txt', { body: 'a' })).status).toBe(201);
    expect((await owner('PUT', '/api/v1/workspace/members/ada', json({ role: 'viewer' }))).status).toBe(204);
    expect((await as(ada, 'GET', '/workspaces/team/files/a.txt')).status).toBe(200);
    expect((await as(ada, 'PUT', '/workspaces/team/files/a.txt', { body: 'b' })).status).toBe(403);
    expect((await as(ada, 'GET', '/api/v1/workspace/members')).status).toBe(403);
    expect((await owner('GET', '/api/v1/workspace/members')).body).toMatchObject({ members: [{ member: 'ada', role: 'viewer' }] });
    expect(key).toMatch(/^rnl_/);
    expect((await owner('PUT', '/api/v1/workspace/members/ada', json({ role: 'king' }))).status).toBe(400);
    expect((await owner('DELETE', '/api/v1/workspace/members/ada')).status).toBe(204);
    expect((await owner('DELETE', '/api/v1/workspace/members/ada')).status).toBe(404);
    expect((await as(ada, 'PUT', '/workspaces/team/files/a.txt', { body: 'b' })).status).toBe(204);
  });

  it('of a workspace that their token does not name act for it; their keys end with them', async () => {
    const owner = await api.as('crew');
    const bob = await issuer.sign({ workspace: undefined, workspaces: [], sub: 'bob' });
    expect((await as(bob, 'GET', '/crew/ogc-api/jobs')).status).toBe(403);
    await owner('PUT', '/api/v1/workspace/members/bob', json({ role: 'developer' }));
    expect((await as(bob, 'GET', '/crew/ogc-api/jobs')).status).toBe(200);
    const session = ((await as(bob, 'POST', '/api/workspaces/crew/me/sessions')).body as unknown as { access: string }).access;
    expect((await as(session, 'PUT', '/workspaces/crew/files/a.txt', { body: 'a' })).status).toBe(201);
    await owner('PUT', '/api/v1/workspace/members/bob', json({ role: 'user' }));
    expect((await as(session, 'PUT', '/workspaces/crew/files/a.txt', { body: 'b' })).status).toBe(403);
    await owner('DELETE', '/api/v1/workspace/members/bob');
    expect((await as(session, 'GET', '/crew/ogc-api/jobs')).status).toBe(401);
    expect((await as(bob, 'GET', '/crew/ogc-api/jobs')).status).toBe(403);
  });
});

describe('secrets', () => {
  it('are kept, listed without their values, and changed by who manages the workspace', async () => {
    const client = await api.as('vault');
    const put = (name: string, body: unknown): Promise<Answer> => client('PUT', `/api/v1/workspace/secrets/${name}`, json(body));
    expect((await put('PLANET_KEY', { value: 'planted-secret-1', steps: ['wide/say'] })).status).toBe(201);
    expect((await put('PLANET_KEY', { value: 'planted-secret-2', steps: ['wide'] })).status).toBe(204);
    const listed = await client('GET', '/api/v1/workspace/secrets');
    expect(listed.body).toMatchObject({ secrets: [{ name: 'PLANET_KEY', steps: ['wide'] }] });
    expect(listed.text).not.toContain('planted');
    const { rows } = await api.database.pool.query<{ sealed: Buffer }>('select sealed from secrets');
    expect(rows.map(({ sealed }) => sealed.includes('planted'))).toEqual([false]);
    for (const [name, body] of [
      ['LD_PRELOAD', { value: 'xxxx', steps: ['wide'] }],
      ['PATH', { value: 'xxxx', steps: ['wide'] }],
      ['a-b', { value: 'xxxx', steps: ['wide'] }],
      ['A', { value: 'xxxx', steps: [] }],
      ['A', { value: 'xxxx', steps: ['wide/say[3]'] }],
      ['A', { value: '', steps: ['wide'] }],
    ] as const)
      expect((await put(name, body)).status).toBe(400);
    expect((await client('DELETE', '/api/v1/workspace/secrets/PLANET_KEY')).status).toBe(204);
    expect((await client('DELETE', '/api/v1/workspace/secrets/PLANET_KEY')).status).toBe(404);
    const reader = await api.token('vault', ['read', 'tokens', 'deploy', 'write', 'execute']);
    expect((await request(api.url, 'GET', '/api/v1/workspace/secrets', { headers: { authorization: `Bearer ${reader}` } })).status).toBe(
      403,
    );
  });
});
