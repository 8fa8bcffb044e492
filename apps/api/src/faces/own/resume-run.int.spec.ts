import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { putValue } from '@runnel/objects';
import { cwl, json, request, startTestApi, wide } from '../../testing/test-api.ts';
import type { Answer, Client, TestApi } from '../../testing/test-api.ts';
import { advanceRun, publishRun, stepsOfWide } from '../../testing/test-runs.ts';

/** In a message. */
const saying = (text: string): string => expect.stringContaining(text) as unknown as string;

let api: TestApi;
let demo: Client;
beforeAll(async () => {
  api = await startTestApi();
  demo = await api.as('demo');
  await demo('POST', '/demo/ogc-api/processes', cwl(wide));
});
afterAll(() => api.close());

const accepted = async (n: number[] = [1, 2, 3]): Promise<string> =>
  (await demo('POST', '/demo/ogc-api/processes/wide/execution', json({ inputs: { n } }))).body.jobID;
const keyOf = (index: number): string => `key-${index}`;

/** A run whose first two elements ended well, the third did not. */
async function failed(): Promise<string> {
  const run = await accepted();
  const third = { step: 'say[2]', attempt: 1, executor: 'x-1' };
  const failure = { class: 'tool', reason: 'the tool failed' };
  await advanceRun(api, run, [
    ...stepsOfWide(3).slice(0, -2),
    { type: 'start-step', ...third },
    { type: 'finish-step', ...third, outcome: 'failed', outputs: {}, failure },
  ]);
  for (const index of [0, 1])
    await api.database.pool.query('update steps set reuse_key = $3 where run_id = $1 and step = $2', [run, `say[${index}]`, keyOf(index)]);
  await api.database.pool.query('update runs set stopped = true where id = $1', [run]);
  return run;
}
const resume = (run: string, body: unknown = {}, client: Client = demo): Promise<Answer> =>
  client('POST', `/api/v1/runs/${run}/resume`, json(body));
const purge = (run: string, client: Client = demo): Promise<Answer> => client('DELETE', `/api/v1/runs/${run}?purge=true`);

describe('resuming', () => {
  it('takes inputs and version over, and says what is reused', async () => {
    const run = await failed();
    await demo('PUT', '/demo/ogc-api/processes/wide', cwl(`${wide}\n# another version`));
    const answer = await resume(run);
    expect(answer.status).toBe(201);
    const {
      run: made,
      resumes,
      steps,
    } = answer.body as unknown as { run: { run: string; process: object }; resumes: string; steps: object[] };
    expect([resumes, made.process]).toEqual([run, expect.objectContaining({ version: '1' })]);
    expect(steps).toContainEqual({ step: 'say', reused: 2, repeated: 'what of it had not succeeded' });
    expect((await demo('GET', `/api/v1/runs/${made.run}`)).body).toMatchObject({ resumes: run, status: 'accepted' });
    expect((await demo('GET', `/demo/ogc-api/jobs/${made.run}/inputs`)).body).toMatchObject({ inputs: { n: [1, 2, 3] } });
    const list = JSON.parse((await api.objects.getBytes(`demo/values/${made.run}/@reuse.json`, 1e6)).toString()) as object;
    expect(list).toEqual(Object.fromEntries([0, 1].map((index) => [keyOf(index), `demo/attempts/${run}/say[${index}]/1/result.json`])));
    // What an open run goes on from stays.
    expect(await purge(run)).toMatchObject({ status: 409, body: { detail: `run ${made.run}, which has not ended, uses it` } });
    await demo('DELETE', `/api/v1/runs/${made.run}`);
  });

  it('with a changed input, which is checked like any other', async () => {
    const run = await failed();
    const answer = await resume(run, { inputs: { n: [4] } });
    const { run: made, steps } = answer.body as unknown as { run: { run: string }; steps: { step: string; repeated?: string }[] };
    expect(steps.find(({ step }) => step === 'say')?.repeated).toBe('it, or something that it depends on, was changed');
    expect((await demo('GET', `/demo/ogc-api/jobs/${made.run}/inputs`)).body).toMatchObject({ inputs: { n: [4] } });
    expect((await resume(run, { inputs: { n: 'many' } })).status).toBe(400);
    expect((await resume(run, { inputs: { unknown: 1 } })).status).toBe(400);
    await demo('DELETE', `/api/v1/runs/${made.run}`);
  });

  it('twice with one key is once', async () => {
    const run = await failed();
    const ask = () => demo('POST', `/api/v1/runs/${run}/resume`, json({}, { 'idempotency-key': `again-${run}` }));
    const [first, second] = [(await ask()).body, (await ask()).body] as unknown as { run: { run: string } }[];
    expect(second?.run.run).toBe(first?.run.run);
    await demo('DELETE', `/api/v1/runs/${first?.run.run ?? ''}`);
  });

  it('is refused where there is nothing to go on from', async () => {
    const open = await accepted();
    expect(await resume(open)).toMatchObject({ status: 409, body: { detail: saying('accepted') } });
    await advanceRun(api, open, stepsOfWide(3));
    await putValue(api.objects, 'demo/x.json', {});
    await publishRun(api, 'demo', open, {});
    expect(await resume(open)).toMatchObject({ status: 409, body: { detail: saying('successful') } });
    const run = await failed();
    expect((await resume(run, {}, await api.as('other'))).status).toBe(404);
    for (const wrong of [{ workflow: '' }, { workflow: 1 }, { steps: ['say'] }, { limits: { runSeconds: 0 } }, { limits: { day: 1 } }])
      expect((await resume(run, wrong)).status).toBe(400);
    for (const workflow of ['class: [', 'class: Workflow', 'x'.repeat(100)])
      expect([400, 422]).toContain((await resume(run, { workflow })).status);
    const bearer = await api.token('demo', ['execute', 'read']);
    const without = await request(
      api.url,
      'POST',
      `/api/v1/runs/${run}/resume`,
      json({ workflow: wide }, { authorization: `Bearer ${bearer}` }),
    );
    expect([without.status, without.body.detail]).toEqual([403, expect.stringContaining('may not deploy')]);
    // None of them left anything.
    expect((await demo('GET', '/api/v1/runs?limit=100')).text).not.toContain(`"resumes":"${run}"`);
  });
});

describe('deleting', () => {
  it('takes a run that has ended from everybody’s eyes at once', async () => {
    const run = await failed();
    expect((await purge(run, await api.as('other'))).status).toBe(404);
    expect((await purge(run)).status).toBe(204);
    for (const path of [`/api/v1/runs/${run}`, `/demo/ogc-api/jobs/${run}`, `/api/v1/runs/${run}/steps`])
      expect((await demo('GET', path)).status).toBe(404);
    expect((await demo('GET', '/api/v1/runs?status=failed&limit=1000')).text).not.toContain(run);
    expect((await demo('PATCH', `/api/v1/runs/${run}`, json({ name: 'x' }))).status).toBe(404);
    expect((await resume(run)).status).toBe(404);
    expect((await purge(run)).status).toBe(404);
  });

  it('is refused while it runs, and while it is held', async () => {
    const open = await accepted();
    expect(await purge(open)).toMatchObject({ status: 409, body: { detail: saying('not stopped') } });
    const run = await failed();
    await demo('PATCH', `/api/v1/runs/${run}`, json({ labels: { 'legal-hold': 'case 7' } }));
    expect(await purge(run)).toMatchObject({ status: 409, body: { detail: saying('legal-hold') } });
    await demo('PATCH', `/api/v1/runs/${run}`, json({ labels: {} }));
    expect((await purge(run)).status).toBe(204);
    expect((await demo('DELETE', `/api/v1/runs/${open}?purge=perhaps`)).status).toBe(400);
  });
});

describe('what an operator sets', () => {
  let operator: string;
  const put = async (path: string, body: unknown): Promise<Answer> => {
    operator ??= await api.token('staff', ['operator']);
    return request(api.url, 'PUT', `/api/v1/${path}`, json(body, { authorization: `Bearer ${operator}` }));
  };

  it('of times is kept to: default, most, and what a run asks for', async () => {
    expect((await put('workspaces/demo/quota', { runSeconds: 100, mostRunSeconds: 50, mostStepSeconds: 9 })).status).toBe(200);
    const limitsOf = async (limits?: object): Promise<unknown> => {
      const made = await demo('POST', '/demo/ogc-api/processes/wide/execution', json({ inputs: { n: [1] }, ...(limits && { limits }) }));
      if (made.status !== 201) return made.body.detail;
      await advanceRun(api, made.body.jobID, [{ type: 'start-run' }]);
      return ((await demo('GET', `/api/v1/runs/${made.body.jobID}`)).body as unknown as { limits?: object }).limits;
    };
    expect(await limitsOf()).toEqual({ runSeconds: 50, stepSeconds: 9 });
    expect(await limitsOf({ runSeconds: 20, stepSeconds: 3 })).toEqual({ runSeconds: 20, stepSeconds: 3 });
    expect(await limitsOf({ runSeconds: 60 })).toContain('60 s is asked for, the workspace allows 50 s');
    for (const wrong of [{ runSeconds: 0 }, { mostStepSeconds: -1 }, { stepSeconds: 1.5 }, { runSeconds: 1e10 }])
      expect((await put('workspaces/demo/quota', wrong)).status).toBe(400);
  });

  it('of retention is told, a part at a time', async () => {
    expect((await put('workspaces/demo/retention', { runDays: 90 })).body).toMatchObject({ runDays: 90, logDays: null });
    expect((await put('workspaces/demo/retention', { logDays: 3, runDays: null })).body).toMatchObject({ runDays: null, logDays: 3 });
    expect((await demo('GET', '/api/v1/retention')).body).toMatchObject({ workspace: 'demo', logDays: 3 });
    for (const wrong of [{ runDays: 0 }, { intermediateDays: 6 }, { logDays: 'long' }, { colour: 1 }])
      expect((await put('workspaces/demo/retention', wrong)).status).toBe(400);
    expect((await demo('PUT', '/api/v1/workspaces/demo/retention', json({ runDays: 1 }))).status).toBe(403);
  });

  it('drains an executor within a time, never all of them', async () => {
    await api.database.pool.query(
      `insert into executors (id, backend, slots, cores, memory_mib, isolation, accepting, lease_until, heartbeat_at, full_reason)
       values ('x-1', 'process', 1, 1, 1, 'none', true, now(), now(), 'the disk is full')`,
    );
    expect((await put('executors/x-1/cordon', { reason: 'a new disk', limitSeconds: 60 })).status).toBe(204);
    const [executor] = (await demo('GET', '/api/v1/executors')).body.executors as unknown as {
      emptyAt: string;
      full: string;
      steps: number;
    }[];
    expect(executor).toMatchObject({
      cordon: 'a new disk',
      emptyAt: expect.any(String) as unknown as string,
      full: 'the disk is full',
      steps: 0,
    });
    expect((await put('executors/x-1/cordon', { reason: 'x', limitSeconds: -1 })).status).toBe(400);
    expect((await put('maintenance', { reason: 'x', limitSeconds: 1 })).status).toBe(400);
  });
});
