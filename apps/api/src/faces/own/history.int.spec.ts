import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { json, startTestApi } from '../../testing/test-api.ts';
import type { Client, TestApi } from '../../testing/test-api.ts';

let api: TestApi;
let demo: Client;
beforeAll(async () => {
  api = await startTestApi();
  demo = await api.as('demo');
});
afterAll(() => api.close());

const tell = (created: string, jobID = created) =>
  demo(
    'POST',
    '/api/v1/history',
    json({ origin: 'https://hub.example/', jobs: [{ jobID, processID: 'p', status: 'successful', created, x: 1 }] }),
  );

describe('jobs that ran elsewhere', () => {
  it.each(['2020-01-01T00:00:00Z', '2020-01-01T00:00:00+23:59', '0001-01-01T00:00:00Z'])('of %s are kept, once', async (created) => {
    const first = await tell(created);
    expect([first.status, first.body]).toEqual([200, { added: 1, changed: 0, unchanged: 0 }]);
    expect((await tell(created)).body).toEqual({ added: 0, changed: 0, unchanged: 1 });
    expect((await demo('GET', '/api/v1/history')).text).toContain(`"created":"${created}"`);
  });

  it.each(['0000-01-01T00:00:00Z', '0001-01-01T00:00:00+01:00', '9999-12-31T23:59:59-01:00'])('of %s are refused', async (created) => {
    const { status, text } = await tell(created);
    expect([status, text]).toEqual([400, expect.stringContaining('years 1 to 9999')]);
  });
});
