import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signRunToken } from '@runnel/access/run-token';
import type { Answer, Client, TestApi } from './testing/test-api.ts';
import { cwl, json, startTestApi, wide } from './testing/test-api.ts';
import { advanceRun, publishRun, stepsOfWide } from './testing/test-runs.ts';

/** `d` deploys, `c` calls, `b` is anybody else. */
const runTokenKey = 'k'.repeat(32);
let api: TestApi;
let d: Client;
let c: Client;
let b: Client;
const eodh = (workspace: string): string => `/api/catalogue/stac/catalogs/user/catalogs/${workspace}`;
const faces = { eodh: eodh('dd'), ogc: '/dd/ogc-api' };
beforeAll(async () => {
  api = await startTestApi({ runTokenKey });
  [d, c, b] = [await api.as('dd'), await api.as('cc'), await api.as('bb')];
  for (const id of ['private', 'public', 'service']) {
    const answer = await d('POST', `${faces.eodh}/processes`, cwl(wide.replaceAll('id: wide', `id: ${id}`)));
    expect(answer.status).toBe(201);
  }
}, 60_000);
afterAll(() => api.close());

const policy = (workflows: object): Promise<Answer> =>
  d('POST', '/api/workspaces/dd/data-loader', json({ fileName: 'access-policy.json', fileContent: JSON.stringify({ workflows }) }));
const offers = { public: { access: 'public' }, service: { access: 'private', type: 'user-service' } };
const execute = (caller: Client, process: string, base = faces.eodh, inputs: object = { n: [1] }): Promise<Answer> =>
  caller('POST', `${base}/processes/${process}/execution`, json({ inputs }));

it('what nothing is said of is private', async () => {
  for (const base of Object.values(faces)) {
    expect((await c('GET', `${base}/processes`)).status).toBe(base === faces.eodh ? 403 : 404);
    for (const id of ['private', 'public', 'service', 'nothing']) {
      expect((await c('GET', `${base}/processes/${id}`)).status).toBe(404);
      expect((await execute(c, id, base)).status).toBe(404);
    }
  }
});

describe('what is offered', () => {
  beforeAll(async () => {
    expect((await policy(offers)).body).toEqual({ message: 'File uploaded successfully to dd/files/eodh-config/access-policy.json' });
  });

  it('is listed for others with the reason, and described', async () => {
    const { processes } = (await c('GET', `${faces.eodh}/processes`)).body as unknown as {
      processes: { id: string; AccessReasoning: string }[];
    };
    expect(processes.filter(({ id }) => id !== 'echo').map(({ id, AccessReasoning }) => [id, AccessReasoning])).toEqual([
      ['public', 'Workflow is public'],
      ['service', 'Workflow is a user service'],
    ]);
    expect((await c('GET', `${faces.ogc}/processes`)).body.processes.map(({ id }) => id).filter((id) => id !== 'echo')).toEqual([
      'public',
      'service',
    ]);
    for (const [id, described, source] of [
      ['private', 404, 404],
      ['public', 200, 200],
      ['service', 200, 404],
    ] as const)
      for (const base of Object.values(faces)) {
        expect([id, (await c('GET', `${base}/processes/${id}`)).status]).toEqual([id, described]);
        expect([id, (await c('GET', `${base}/processes/${id}/package`)).status]).toEqual([id, source]);
        expect([id, (await c('DELETE', `${base}/processes/${id}`)).status]).toEqual([id, 404]);
        expect([id, (await c('PUT', `${base}/processes/${id}`, cwl(wide))).status]).toEqual([id, 404]);
      }
  });

  it('executes where the policy says; the job is the caller’s', async () => {
    for (const [id, executing] of [
      ['public', 'cc'],
      ['service', 'dd'],
    ] as const) {
      const answer = await execute(c, id);
      const { jobID } = answer.body;
      expect(answer.headers.get('location')).toBe(`${api.url}${eodh('cc')}/jobs/${jobID}`);
      const { rows } = await api.database.pool.query(
        `select workspace, coalesce(executing_workspace, workspace) as executing, data ->> 'workspace' as steps, process_workspace as owner
         from runs join events on run_id = id and events.version = 1 where id = $1`,
        [jobID],
      );
      expect(rows).toEqual([{ workspace: 'cc', executing, steps: executing, owner: 'dd' }]);
      expect((await c('GET', `${eodh('cc')}/jobs/${jobID}`)).body).toMatchObject({ status: 'running', processID: id });
      expect((await d('GET', `${eodh('dd')}/jobs/${jobID}`)).status).toBe(executing === 'dd' ? 200 : 403);
      expect((await b('GET', `${eodh('bb')}/jobs/${jobID}`)).status).toBe(403);
      expect((await b('GET', `${eodh('cc')}/jobs/${jobID}`)).status).toBe(403);
    }
    expect((await d('GET', `${eodh('dd')}/jobs`)).body.jobs).toEqual([]);
    const { runs } = (await d('GET', '/api/v1/runs?executing=true')).body as unknown as {
      runs: { workspace: string; executing: string }[];
    };
    expect(runs).toMatchObject([{ workspace: 'cc', executing: 'dd' }]);
    expect((await d('GET', '/api/v1/runs')).body.runs).toEqual([]);
  });

  it('reads inputs with the rights of the caller, never with the owner’s', async () => {
    await d('PUT', '/workspaces/dd/files/secret.txt', { body: 'of d' });
    await c('PUT', '/workspaces/cc/files/band.txt', { body: 'of c' });
    for (const id of ['public', 'service']) {
      const own = await execute(c, id, faces.ogc, { n: [1], band: { href: '/workspaces/cc/files/band.txt' } });
      expect([own.status, own.body.status]).toEqual([201, 'accepted']);
      expect((await execute(c, id, faces.eodh, { n: [1], band: '/workspace/pv-cc/band.txt' })).body.status).toBe('running');
      for (const address of ['/workspaces/dd/files/secret.txt', '/workspace/pv-dd/secret.txt']) {
        const foreign = await execute(c, id, faces.ogc, { n: [1], band: { href: address } });
        expect([foreign.status, foreign.body.detail]).toEqual([400, expect.stringContaining('there is no file')]);
      }
    }
  });

  it('of a service the owner reads logs and results, and may stop the run; nobody else', async () => {
    const { jobID } = (await execute(c, 'service', faces.ogc, { n: [1] })).body;
    await advanceRun(api, jobID, stepsOfWide(1));
    await api.objects.put(`dd/logs/${jobID}/say[0]/1/0.log`, 'hello\n');
    await publishRun(api, 'cc', jobID, { all: ['a'] });
    await api.objects.put(`cc/results/${jobID}/a.txt`, 'a');
    for (const [who, workspace] of [
      [c, 'cc'],
      [d, 'dd'],
    ] as const) {
      expect((await who('GET', `${eodh(workspace)}/jobs/${jobID}/say.log`)).text).toBe('hello\n');
      expect((await who('GET', `/api/v1/runs/${jobID}/steps/say%5B0%5D/log`)).text).toBe('hello\n');
      expect((await who('GET', `/${workspace}/ogc-api/jobs/${jobID}/results?f=json`)).body).toEqual({ all: ['a'] });
      expect((await who('GET', `/workspaces/cc/results/${jobID}/a.txt`)).text).toBe('a');
    }
    expect((await b('GET', `/workspaces/cc/results/${jobID}/a.txt`)).status).toBe(404);
    expect((await d('GET', '/workspaces/cc/files')).status).toBe(404);
    expect((await d('DELETE', `${eodh('dd')}/jobs/${jobID}`)).status).toBe(403);
    const running = (await execute(c, 'service')).body.jobID;
    expect((await b('DELETE', `${eodh('bb')}/jobs/${running}`)).status).toBe(403);
    expect((await d('DELETE', `${eodh('dd')}/jobs/${running}`)).body.status).toBe('dismissed');
    expect((await c('GET', `${eodh('cc')}/jobs/${running}`)).body.status).toBe('dismissed');
  });

  it('is taken back at once; runs go on, or are dismissed where the owner says so', async () => {
    const [kept, ended] = [(await execute(c, 'public')).body.jobID, (await execute(c, 'service')).body.jobID];
    expect((await policy({ service: { access: 'private', 'on-revoke': 'dismiss' } })).status).toBe(201);
    expect((await execute(c, 'public')).status).toBe(404);
    expect((await execute(c, 'service')).status).toBe(404);
    expect((await c('GET', `${faces.eodh}/processes`)).status).toBe(403);
    expect((await c('GET', `${eodh('cc')}/jobs/${kept}`)).body.status).toBe('running');
    expect((await c('GET', `${eodh('cc')}/jobs/${ended}`)).body.status).toBe('dismissed');
  });
});

describe('the file', () => {
  it('counts however it is written, and is private once it is gone', async () => {
    const put = (body: string): Promise<Answer> => d('PUT', '/workspaces/dd/files/eodh-config/access-policy.json', { body });
    await put(JSON.stringify({ workflows: offers }));
    expect((await c('GET', `${faces.ogc}/processes/public`)).status).toBe(200);
    await put('{ "workflows": { "public": { "access": "everyone" } } }');
    expect((await c('GET', `${faces.ogc}/processes/public`)).status).toBe(404);
    const { count, messages } = (await d('POST', '/workspaces/dd/harvest_logs?age=60')).body as unknown as {
      count: number;
      messages: { level: string; message: string; datetime: string }[];
    };
    expect(messages).toHaveLength(count);
    expect(messages.at(-2)).toMatchObject({ level: 'ERROR', message: expect.stringContaining('workflow public is private') });
    // By others than the api, as into the bucket.
    await api.objects.put('dd/files/eodh-config/access-policy.json', JSON.stringify({ workflows: offers }));
    expect((await d('POST', '/workspaces/dd/harvest')).body).toEqual({});
    expect((await c('GET', `${faces.ogc}/processes/public`)).status).toBe(200);
    await d('DELETE', '/workspaces/dd/files/eodh-config/access-policy.json');
    expect((await c('GET', `${faces.ogc}/processes/public`)).status).toBe(404);
  });

  it('with a fault is refused by the loader, and the one before stays', async () => {
    await policy(offers);
    const answer = await policy({ public: { access: 'Public' } });
    expect([answer.status, answer.body.detail]).toEqual([400, expect.stringMatching(/workflow public is private: access/)]);
    expect((await c('GET', `${faces.ogc}/processes/public`)).status).toBe(200);
    for (const fileName of ['../x.json', 'a/b', ''])
      expect((await d('POST', '/api/workspaces/dd/data-loader', json({ fileName, fileContent: '{}' }))).status).toBe(400);
  });

  it('is the owner’s alone, and takes more than the right to write files', async () => {
    expect((await c('POST', '/api/workspaces/dd/data-loader', json({ fileName: 'a.json', fileContent: '{}' }))).status).toBe(404);
    const writer = await api.token('dd', ['read', 'write']);
    for (const method of ['PUT', 'DELETE']) {
      const answer = await fetch(`${api.url}/workspaces/dd/files/eodh-config/access-policy.json`, {
        method,
        headers: { authorization: `Bearer ${writer}` },
      });
      expect(answer.status).toBe(403);
    }
  });
});

describe('a token of a run', () => {
  const ask = (token: string, method: string, path: string, body?: string): Promise<number> =>
    fetch(new URL(path, api.url), { method, headers: { authorization: `Bearer ${token}` }, ...(body === undefined ? {} : { body }) }).then(
      ({ status }) => status,
    );
  const token = (run: string, workspace: string, expires = Date.now() + 60_000, key = runTokenKey): string =>
    signRunToken(key, { run, workspace, expires });

  beforeAll(async () => {
    await policy(offers);
    await d('PUT', '/workspaces/dd/files/data.txt', { body: 'of d' });
    await c('PUT', '/workspaces/cc/files/data.txt', { body: 'of c' });
  });

  it('reaches the workspace where the run executes, writes there for its own code alone, and ends with the run', async () => {
    for (const [process, caller, workspace, other, writes] of [
      ['service', c, 'dd', 'cc', true],
      ['public', c, 'cc', 'dd', false],
      ['private', d, 'dd', 'cc', true],
    ] as const) {
      const { jobID } = (await execute(caller, process)).body;
      const secret = token(jobID, workspace);
      expect([process, await ask(secret, 'GET', `/workspaces/${workspace}/files/data.txt`)]).toEqual([process, 200]);
      expect(await ask(secret, 'GET', `/workspaces/${other}/files/data.txt`)).toBe(404);
      expect([process, await ask(secret, 'PUT', `/workspaces/${workspace}/files/made.txt`, 'x')]).toEqual([process, writes ? 201 : 403]);
      await caller('DELETE', `/workspaces/${workspace}/files/made.txt`);
      await d('DELETE', `/workspaces/${workspace}/files/made.txt`);
      for (const [method, path] of [
        ['POST', '/api/v1/tokens'],
        ['POST', `/api/workspaces/${workspace}/me/tokens`],
        ['POST', `/${workspace}/ogc-api/processes`],
        ['PUT', `/workspaces/${workspace}/files/eodh-config/access-policy.json`],
        ['DELETE', `/${workspace}/ogc-api/jobs/${jobID}`],
      ] as const)
        expect([path, await ask(secret, method, path, '{}')]).toEqual([path, 403]);
      await caller('DELETE', `${eodh(caller === c ? 'cc' : 'dd')}/jobs/${jobID}`);
      expect(await ask(secret, 'GET', `/workspaces/${workspace}/files/data.txt`)).toBe(401);
    }
  });

  it('is nothing for another workspace than the run’s, late, or signed by others', async () => {
    const { jobID } = (await execute(c, 'public')).body;
    for (const secret of [token(jobID, 'dd'), token(jobID, 'cc', Date.now() - 1), token(jobID, 'cc', undefined, 'x'.repeat(32)), 'rnr_x.y'])
      for (const workspace of ['cc', 'dd']) expect(await ask(secret, 'GET', `/workspaces/${workspace}/files/data.txt`)).toBe(401);
  });

  it('gets no session', async () => {
    const { jobID } = (await execute(c, 'public')).body;
    expect(await ask(token(jobID, 'cc'), 'POST', '/api/workspaces/cc/me/sessions')).toBe(403);
  });
});
