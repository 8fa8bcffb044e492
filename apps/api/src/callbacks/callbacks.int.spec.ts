import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@runnel/testing';
import { startReceiver } from '../testing/receiver.ts';
import type { Receiver } from '../testing/receiver.ts';
import { json, request, startTestApi } from '../testing/test-api.ts';
import type { Answer, Client, TestApi } from '../testing/test-api.ts';
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

const to = (path: string): string => `http://${receiver.place}${path}`;
const execute = (subscriber: object, client: Client = demo): Promise<Answer> =>
  client('POST', '/demo/ogc-api/processes/echo/execution', json({ inputs: { message: 'a' }, subscriber }, { prefer: 'respond-async' }));
const to3 = { successUri: '/success', failedUri: '/failed', inProgressUri: '/progress' };
const accepted = async (): Promise<string> => {
  const answer = await execute(Object.fromEntries(Object.entries(to3).map(([name, path]) => [name, to(path)])));
  expect(answer.status).toBe(201);
  return answer.body.jobID;
};
const arrived = (run: string, path: string) =>
  eventually(`${path} arrives`, () =>
    Promise.resolve(receiver.received.find(({ url, headers }) => url === path && String(headers['x-runnel-delivery']).startsWith(run))),
  );

it('the states of a run are told, signed with the workspace’s key', async () => {
  const run = await accepted();
  await advanceRun(api, run, [{ type: 'start-run' }]);
  expect(JSON.parse((await arrived(run, '/progress')).body)).toMatchObject({ jobID: run, type: 'process', status: 'running' });
  await publishRun(api, 'demo', run, { message: 'a', count: null });
  const success = await arrived(run, '/success');
  expect([success.headers['content-type'], JSON.parse(success.body)]).toEqual(['application/json', { message: 'a' }]);
  const { key } = (await demo('GET', '/api/v1/callback-key')).body as unknown as { key: string };
  const [, at = '', signature = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(success.headers['x-runnel-signature'])) ?? [];
  expect(signature).toBe(createHmac('sha256', key).update(`${at}.${success.body}`).digest('hex'));
  await eventually('the other message is known to be moot', async () => {
    const { rows } = await api.database.pool.query<{ open: number }>(
      'select count(*)::int as open from callbacks where run_id = $1 and done_at is null',
      [run],
    );
    return rows[0]?.open === 0;
  });
  expect(receiver.received.some(({ url, headers }) => url === '/failed' && headers['x-runnel-delivery'] === `${run}/failed`)).toBe(false);
});

it('a run that is dismissed is told as an exception, and again where the receiver fails', async () => {
  const run = await accepted();
  receiver.answers.push(500);
  await demo('DELETE', `/demo/ogc-api/jobs/${run}`);
  expect(JSON.parse((await arrived(run, '/failed')).body)).toMatchObject({ title: 'Result not ready', jobID: run });
  const state = async () =>
    (
      await api.database.pool.query<{ attempts: number; error: string | null; done: boolean; later: boolean }>(
        `select attempts, error, done_at is not null as done, due_at > now() as later from callbacks where run_id = $1 and kind = 'failed'`,
        [run],
      )
    ).rows[0];
  await eventually('the fault is noted', async () => (await state())?.error !== null);
  expect(await state()).toEqual({ attempts: 1, error: 'it answered 500', done: false, later: true });
  await api.restart();
  demo = await api.as('demo');
  await api.database.pool.query('update callbacks set due_at = now() where run_id = $1', [run]);
  await eventually('it is told again, by the next process too', async () => (await state())?.done === true);
  expect(
    receiver.received
      .filter(({ headers }) => headers['x-runnel-delivery'] === `${run}/failed`)
      .map(({ headers }) => headers['x-runnel-attempt']),
  ).toEqual(['1', '2']);
});

describe('who cannot be told is said at once', () => {
  it.each([
    ['http://127.0.0.1:1/', /not a public address/],
    ['http://2130706433/', /not a public address/],
    ['http://[::ffff:127.0.0.1]/', /not a public address/],
    ['gopher://127.0.0.1/', /subscriber.successUri/],
    [1, /subscriber.successUri/],
  ])('%s', async (successUri, reason) => {
    const answer = await execute({ successUri });
    expect([answer.status, answer.body.detail]).toEqual([400, expect.stringMatching(reason)]);
  });

  it('a caller without a token', async () => {
    const answer = await execute({ successUri: to('/') }, (method, path, init) => request(api.url, method, path, init));
    expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining('without a token')]);
  });
});
