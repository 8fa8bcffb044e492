import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RepositoryPushed } from '@runnel/contracts';
import { subscribeEphemeral } from '@runnel/messaging';
import { eventually } from '@runnel/testing';
import { request, startTestApi } from '../testing/test-api.ts';
import type { Answer, TestApi } from '../testing/test-api.ts';

const repository = 'https://git.example/flows.git';
let api: TestApi;
let hook: { url: string; secret: string };
let operator: string;
const heard: string[] = [];
const ask = (of: string, token = operator): Promise<Answer> =>
  request(api.url, 'GET', `/api/v1/harvest/webhook?repository=${encodeURIComponent(of)}`, {
    headers: { authorization: `Bearer ${token}` },
  });
beforeAll(async () => {
  api = await startTestApi({ callbackSecret: 'a secret of the test' });
  await api.database.pool.query(
    `insert into harvest_positions (repository, branch, workspace, updated_at) values ($1, 'main', 'demo', now())`,
    [repository],
  );
  subscribeEphemeral(api.messaging, RepositoryPushed, {}, ({ data }) => void heard.push(data.hook));
  operator = await api.token('demo', ['operator']);
  const answer = await ask(repository);
  expect(answer.status).toBe(200);
  hook = answer.body as unknown as typeof hook;
});
afterAll(() => api.close());

const body = (): string => JSON.stringify({ ref: 'refs/heads/main', after: randomUUID() });
const sign = (text: string, secret = hook.secret): string => `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;
const deliver = (text: string, headers: Record<string, string>, url = hook.url): Promise<Answer> =>
  request(api.url, 'POST', new URL(url).pathname, { body: text, headers: { 'content-type': 'application/json', ...headers } });

describe('a webhook of a repository', () => {
  it('is heard once, however often it is sent', async () => {
    const text = body();
    const headers = { 'x-hub-signature-256': sign(text), 'x-github-delivery': randomUUID() };
    expect((await deliver(text, headers)).status).toBe(202);
    await eventually('the harvester hears of it', () => Promise.resolve(heard.length === 1));
    const again = await deliver(text, { ...headers, 'x-github-delivery': randomUUID() });
    expect([again.status, again.body.detail]).toEqual([409, expect.stringContaining('taken before')]);
    const upper = { 'x-hub-signature-256': headers['x-hub-signature-256'].toUpperCase().replace('SHA', 'sha') };
    expect((await deliver(text, upper)).status).toBe(409);
    expect((await deliver(body(), headers)).status).toBe(401);
    const both = await Promise.all([0, 1].map(() => deliver(`${text} `, { 'x-hub-signature-256': sign(`${text} `) })));
    expect(both.map(({ status }) => status).sort()).toEqual([202, 409]);
    await eventually('the second one is heard once', () => Promise.resolve(heard.length === 2));
    expect(new Set(heard).size).toBe(1);
  });

  it('is refused unsigned, signed for another repository, and too long', async () => {
    const text = body();
    expect((await deliver(text, {})).status).toBe(401);
    expect((await deliver(text, { 'x-hub-signature-256': sign(text, 'guess') })).status).toBe(401);
    expect((await deliver(text, { 'x-hub-signature-256': sign(text) }, hook.url.replace(/\w{16}$/, '0'.repeat(16)))).status).toBe(401);
    const long = 'x'.repeat(5 * 1024 * 1024 + 1);
    expect((await deliver(long, { 'x-hub-signature-256': sign(long) })).status).toBe(413);
    expect(heard).toHaveLength(2);
  });

  it('is told to operators, of repositories that are watched', async () => {
    expect((await ask('https://git.example/other.git')).status).toBe(404);
    const user = await api.token('demo', ['read', 'execute', 'deploy', 'write', 'tokens']);
    expect((await ask(repository, user)).status).toBe(403);
  });
});
