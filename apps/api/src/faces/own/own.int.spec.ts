import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RunAccepted } from '@runnel/contracts';
import { buryMessage, outgoing, seal, streamNames, toHeaders } from '@runnel/messaging';
import { json, request, startTestApi } from '../../testing/test-api.ts';
import type { Answer, Client, TestApi } from '../../testing/test-api.ts';

let api: TestApi;
let demo: Client;
beforeAll(async () => {
  api = await startTestApi();
  demo = await api.as('demo');
});
afterAll(() => api.close());

const withToken = (secret: string, method: string, path: string, init: Parameters<typeof request>[3] = {}): Promise<Answer> =>
  request(api.url, method, path, { ...init, headers: { ...init.headers, authorization: `Bearer ${secret}` } });

describe('tokens', () => {
  it('are made, used, listed without their secret, and revoked at once', async () => {
    const made = await demo('POST', '/api/v1/tokens', json({ name: 'laptop', scopes: ['read'] }));
    expect(made.status).toBe(201);
    const { secret, id } = made.body;
    expect(secret).toMatch(/^rnl_[\w-]{43}$/);
    expect((await withToken(secret, 'GET', '/demo/ogc-api/processes')).status).toBe(200);
    expect((await withToken(secret, 'DELETE', '/demo/ogc-api/processes/wide')).status).toBe(403);
    const listed = await demo('GET', '/api/v1/tokens');
    expect(listed.body.tokens).toContainEqual({ id, name: 'laptop', scopes: ['read'], created: expect.any(String) });
    expect(listed.text).not.toContain(secret);
    expect((await demo('DELETE', `/api/v1/tokens/${id}`)).status).toBe(204);
    expect((await withToken(secret, 'GET', '/demo/ogc-api/processes')).status).toBe(401);
    expect((await demo('GET', '/api/v1/tokens')).body.tokens).toContainEqual(expect.objectContaining({ id, revoked: expect.any(String) }));
  });

  it('give no more than the token that makes them', async () => {
    const narrow = await api.token('demo', ['tokens', 'read']);
    expect((await withToken(narrow, 'POST', '/api/v1/tokens', json({ name: 'x' }))).body.scopes).toEqual(['read', 'tokens']);
    const beyond = await withToken(narrow, 'POST', '/api/v1/tokens', json({ name: 'x', scopes: ['deploy'] }));
    expect([beyond.status, beyond.body.detail]).toEqual([403, 'your own token lacks the scope "deploy"']);
    expect((await demo('POST', '/api/v1/tokens', json({ name: 'x', scopes: ['operator'] }))).status).toBe(403);
  });

  it('end when they expire', async () => {
    const { body } = await demo('POST', '/api/v1/tokens', json({ name: 'short', expires: '2020-01-01T00:00:00Z' }));
    expect((await withToken(body.secret, 'GET', '/api/v1/runs')).status).toBe(401);
  });

  it('of another workspace are not there', async () => {
    const other = await api.as('other');
    const { body } = await demo('POST', '/api/v1/tokens', json({ name: 'mine' }));
    expect((await other('DELETE', `/api/v1/tokens/${body.id}`)).status).toBe(404);
    expect((await other('GET', '/api/v1/tokens')).body.tokens.map(({ name }) => name)).toEqual(['test']);
    expect((await withToken(body.secret, 'GET', '/api/v1/runs')).status).toBe(200);
  });

  it.each([{}, { name: '' }, { name: 'x', scopes: ['everything'] }, { name: 'x', expires: 'tomorrow' }, { name: 'x', admin: true }])(
    '%j is refused',
    async (body) => {
      expect((await demo('POST', '/api/v1/tokens', json(body))).status).toBe(400);
    },
  );
});

it('executors are shown with their isolation', async () => {
  await api.database.pool.query(
    `insert into executors values ('x-1', 'process', 2, 2, 4096, 'uid+namespaces', true, now() + interval '1 minute', now()),
      ('x-0', 'process', 1, 1, 1024, 'none', false, now() - interval '1 minute', now())`,
  );
  expect((await demo('GET', '/api/v1/executors')).body.executors).toMatchObject([
    { id: 'x-0', isolation: 'none', alive: false },
    { id: 'x-1', slots: 2, cores: 2, memoryMiB: 4096, isolation: 'uid+namespaces', accepting: true, alive: true },
  ]);
});

describe('dead letters', () => {
  it('are listed, shown, sent again and dropped', async () => {
    const operator = await api.token('demo', ['operator']);
    const runs = [randomUUID(), randomUUID(), randomUUID()];
    for (const [index, run] of runs.entries()) {
      const wire = seal(outgoing(RunAccepted, { workspace: 'demo', run }), {
        id: randomUUID(),
        time: new Date().toISOString(),
        service: 'api',
        prefix: api.config.prefix,
      });
      await buryMessage(api.messaging, {
        seq: index + 1,
        consumer: 'scheduler-p00',
        subject: wire.subject,
        headers: toHeaders(wire.headers),
        data: new TextEncoder().encode(wire.payload),
        reason: 'it breaks the handler',
        count: 6,
      });
    }
    const first = await withToken(operator, 'GET', '/api/v1/dead-letters?limit=2');
    expect(first.body.deadLetters.map(({ run }) => run)).toEqual(runs.slice(0, 2));
    expect(first.body.deadLetters[0]).toMatchObject({
      consumer: 'scheduler-p00',
      reason: 'it breaks the handler',
      count: 6,
      type: 'runnel.run.accepted.v1',
    });
    expect(first.body.deadLetters[0]).not.toHaveProperty('payload');
    const second = await withToken(operator, 'GET', first.body.next ?? '');
    expect(second.body.deadLetters.map(({ run }) => run)).toEqual(runs.slice(2));

    const [one, two] = first.body.deadLetters;
    const shown = await withToken(operator, 'GET', `/api/v1/dead-letters/${one?.seq}`);
    expect(JSON.parse(shown.body.payload)).toEqual({ workspace: 'demo', run: runs[0] });
    const stream = streamNames(api.config.prefix).work;
    const before = (await api.messaging.jsm.streams.info(stream)).state.last_seq;
    expect((await withToken(operator, 'POST', `/api/v1/dead-letters/${one?.seq}/replay`)).status).toBe(204);
    expect((await api.messaging.jsm.streams.info(stream)).state.last_seq).toBe(before + 1);
    expect((await withToken(operator, 'DELETE', `/api/v1/dead-letters/${two?.seq}`)).status).toBe(204);
    expect((await withToken(operator, 'GET', '/api/v1/dead-letters')).body.deadLetters).toHaveLength(1);
    for (const [method, path] of [
      ['GET', `${one?.seq}`],
      ['DELETE', `${two?.seq}`],
      ['POST', '999/replay'],
      ['GET', 'x'],
    ] as const)
      expect((await withToken(operator, method, `/api/v1/dead-letters/${path}`)).status).toBe(404);
  });
});
