import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cwl, json, startTestApi, wide } from '../testing/test-api.ts';
import type { Answer, Client, TestApi } from '../testing/test-api.ts';

let api: TestApi;
let demo: Client;
beforeAll(async () => {
  api = await startTestApi();
  demo = await api.as('demo');
});
afterAll(() => api.close());

const execute = (key: string, n: number[] = [1]): Promise<Answer> =>
  demo('POST', '/demo/ogc-api/processes/wide/execution', json({ inputs: { n } }, { 'idempotency-key': key }));
const deploy = (key: string, text = wide): Promise<Answer> => {
  const { body, headers } = cwl(text);
  return demo('POST', '/demo/ogc-api/processes', { body, headers: { ...headers, 'idempotency-key': key } });
};

describe('a repeated request', () => {
  it('to deploy answers as the first did; with another document it is refused', async () => {
    const answers = await Promise.all([deploy('d-1'), deploy('d-1')]);
    answers.push(await deploy('d-1'));
    expect(answers.map(({ status, body }) => [status, body.id])).toEqual([
      [201, 'wide'],
      [201, 'wide'],
      [201, 'wide'],
    ]);
    expect((await deploy('d-1', wide.replace('Says many', 'Says other'))).status).toBe(422);
    expect((await deploy('d-2')).status).toBe(409);
  });

  it('to execute gives the first run, however many come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => execute('e-1')));
    answers.push(await execute('e-1'));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => body.jobID)).size).toBe(1);
    const { rows } = await api.database.pool.query('select from runs');
    expect(rows).toHaveLength(1);
    expect((await execute('e-2')).body.jobID).not.toBe(answers[0]?.body.jobID);
  });

  it('is refused with another body, and where the key is none', async () => {
    const other = await execute('e-1', [2]);
    expect([other.status, other.body.detail]).toEqual([
      422,
      'the Idempotency-Key "e-1" came with another request before: each has its own',
    ]);
    for (const wrong of ['', 'two words', 'x'.repeat(256)]) expect((await execute(wrong)).status).toBe(400);
  });

  it('of one workspace says nothing of the same key of another', async () => {
    const other = await api.as('other');
    await other('POST', '/other/ogc-api/processes', cwl(wide));
    const answer = await other(
      'POST',
      '/other/ogc-api/processes/wide/execution',
      json({ inputs: { n: [2] } }, { 'idempotency-key': 'e-1' }),
    );
    expect(answer.status).toBe(201);
  });
});
