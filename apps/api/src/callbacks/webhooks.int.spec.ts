import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '@runnel/testing';
import { startReceiver } from '../testing/receiver.ts';
import type { Receiver } from '../testing/receiver.ts';
import { json, startTestApi } from '../testing/test-api.ts';
import type { Client, TestApi } from '../testing/test-api.ts';
import { advanceRun, publishRun } from '../testing/test-runs.ts';

let api: TestApi;
let demo: Client;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
  api = await startTestApi({ publicEcho: true, callbackSecret: 'a secret of the test', outboundHosts: [receiver.place] });
  demo = await api.as('demo');
});
afterAll(async () => {
  await api.close();
  await receiver.close();
});

const hooks = '/api/v1/workspaces/demo/webhooks';
const execute = async (): Promise<string> =>
  (await demo('POST', '/demo/ogc-api/processes/echo/execution', json({ inputs: { message: 'a' } }, { prefer: 'respond-async' }))).body
    .jobID;
const toldOf = (run: string, url: string) =>
  receiver.received.filter(({ url: path, headers }) => path === url && String(headers['x-runnel-delivery']).startsWith(run));

it('is told of the end of each run, signed, once it takes it', async () => {
  expect((await demo('PUT', `${hooks}/all`, json({ uri: `http://${receiver.place}/all` }))).status).toBe(200);
  expect((await demo('PUT', `${hooks}/bad`, json({ uri: `http://${receiver.place}/bad`, ends: ['failed', 'dismissed'] }))).status).toBe(
    200,
  );
  const run = await execute();
  receiver.answers.push(503);
  await advanceRun(api, run, [{ type: 'start-run' }]);
  await publishRun(api, 'demo', run, { message: 'a' });
  await eventually('the first attempt came', () => Promise.resolve(toldOf(run, '/all').length === 1));
  await eventually('its fault is noted', async () => {
    const { webhooks } = (await demo('GET', hooks)).body as unknown as { webhooks: { name: string; waiting: number; error: string }[] };
    return webhooks[0]?.waiting === 1 && webhooks[0].error === 'it answered 503';
  });
  await api.database.pool.query('update callbacks set due_at = now()');
  await eventually('it came again', () => Promise.resolve(toldOf(run, '/all').length === 2));
  const [, told] = toldOf(run, '/all');
  if (!told) throw new Error('nothing came');
  expect(told.headers['content-type']).toBe('application/cloudevents+json');
  expect(JSON.parse(told.body)).toMatchObject({
    specversion: '1.0',
    id: run,
    type: 'runnel.run.ended.v1',
    source: '/workspaces/demo/runs',
    subject: run,
    data: { run, status: 'successful', process: { id: 'echo' } },
  });
  const { key } = (await demo('GET', '/api/v1/callback-key')).body as unknown as { key: string };
  const [, at = '', signature = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(told.headers['x-runnel-signature'])) ?? [];
  expect(signature).toBe(createHmac('sha256', key).update(`${at}.${told.body}`).digest('hex'));
  // It did not want to hear of success.
  expect(toldOf(run, '/bad')).toEqual([]);
});

it('hears of a dismissed run, and of none once it is removed', async () => {
  const [first, second] = [await execute(), await execute()];
  await demo('DELETE', `/demo/ogc-api/jobs/${first}`);
  await eventually(
    'both are told',
    () => Promise.resolve(toldOf(first, '/all').length === 1 && toldOf(first, '/bad').length === 1),
    20_000,
  );
  expect((await demo('DELETE', `${hooks}/bad`)).status).toBe(204);
  expect((await demo('DELETE', `${hooks}/bad`)).status).toBe(404);
  await demo('DELETE', `/demo/ogc-api/jobs/${second}`);
  await eventually('the other one is told', () => Promise.resolve(toldOf(second, '/all').length === 1), 20_000);
  expect(toldOf(second, '/bad')).toEqual([]);
});

it.each([
  [{ uri: 'http://127.0.0.1:1/' }, /not a public address/],
  [{ uri: 'ftp://example.org/' }, /uri/],
  [{ uri: 'http://example.org/', ends: [] }, /ends/],
  [{ uri: 'http://example.org/', ends: ['sometimes'] }, /ends/],
  [{}, /uri/],
])('%j is refused', async (body, reason) => {
  const answer = await demo('PUT', `${hooks}/x`, json(body));
  expect([answer.status, answer.body.detail]).toEqual([400, expect.stringMatching(reason)]);
});
