import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CatalogueChanged } from '@runnel/contracts';
import { outboxRows, outgoing, pipelineSubject, toHeaders } from '@runnel/messaging';
import { inTransaction, insertOutbox, notifyOutbox } from '@runnel/postgres';
import { eventually } from '@runnel/testing';
import { json, request, startTestApi } from '../testing/test-api.ts';
import type { Client, TestApi } from '../testing/test-api.ts';

let api: TestApi;
let demo: Client;
beforeAll(async () => {
  api = await startTestApi();
  demo = await api.as('demo');
});
afterAll(() => api.close());

const event = { specversion: '1.0', id: 'e-1', source: '/planet', type: 'scene.added', data: { tile: 'T30' } };
const change = { id: 'x', bucket_name: 'b', source: 's/', target: 't/', added_keys: ['h/a/b.json', 'h/a.json'] };

interface Listed {
  events: { id: string; source: string; type: string; via: string; depth: number }[];
  refused: { via: string; reason: string; body: string }[];
}
const events = async (): Promise<Listed['events']> => ((await demo('GET', '/api/v1/events')).body as unknown as Listed).events;
const refused = async (): Promise<Listed['refused']> => ((await demo('GET', '/api/v1/events/refused')).body as unknown as Listed).refused;

describe('POST /api/v1/events', () => {
  it('keeps a structured event once, whatever its copies say', async () => {
    const first = await demo('POST', '/api/v1/events', json(event, { 'content-type': 'application/cloudevents+json' }));
    expect([first.status, first.body]).toMatchObject([202, { id: 'e-1', source: '/planet', outcome: 'accepted' }]);
    const second = await demo('POST', '/api/v1/events', json({ ...event, data: {} }));
    expect([second.status, second.body]).toMatchObject([202, { outcome: 'known' }]);
    expect(await events()).toMatchObject([{ id: 'e-1', source: '/planet', type: 'scene.added', via: 'http', depth: 0 }]);
    const other = await api.as('other');
    expect((await other('GET', '/api/v1/events')).body).toEqual({ events: [] });
  });

  it('takes the binary mode, and a bare catalogue change by its Idempotency-Key', async () => {
    const headers = { 'ce-specversion': '1.0', 'ce-id': 'b%201', 'ce-source': '/s', 'ce-type': 't' };
    expect((await demo('POST', '/api/v1/events', json({ a: 1 }, headers))).body).toMatchObject({ id: 'b 1', outcome: 'accepted' });
    const key = { 'idempotency-key': 'k' };
    expect((await demo('POST', '/api/v1/events', json(change, key))).body).toMatchObject({ id: 'k', outcome: 'accepted' });
    expect((await demo('POST', '/api/v1/events', json(change, key))).body).toMatchObject({ id: 'k', outcome: 'known' });
    expect((await events())[0]).toMatchObject({ type: 'runnel.catalogue.changed.v1' });
  });

  it.each([
    ['no JSON', '{', 400, /not JSON/],
    ['no event', '[]', 400, /one per message/],
    ['neither', '{"a":1}', 400, /neither a CloudEvent.*bucket_name/],
    ['another workspace', JSON.stringify({ ...change, workspace: 'other' }), 400, /workspace: other is not yours/],
    ['no type', JSON.stringify({ ...event, type: undefined }), 400, /^type: /],
    ['5 MB', JSON.stringify({ ...event, data: 'x'.repeat(5e6) }), 413, /may have 524288 bytes/],
  ])('refuses %s, says why and keeps it', async (_name, body, status, reason) => {
    const answer = await demo('POST', '/api/v1/events', { body, headers: { 'content-type': 'application/json' } });
    expect([answer.status, answer.body.detail]).toEqual([status, expect.stringMatching(reason)]);
    expect((await refused())[0]).toMatchObject({ via: 'http', reason: expect.stringMatching(reason) });
  });

  it('publishes the schema of a catalogue change to everybody', async () => {
    const schema = await request(api.url, 'GET', '/api/v1/schemas/catalogue-change');
    expect([schema.status, schema.body]).toMatchObject([200, { required: ['bucket_name', 'source', 'target'] }]);
  });
});

describe('harvest.in', () => {
  it('keeps events of pipelines, and answers what it refuses', async () => {
    const { messaging, config } = api;
    const subject = pipelineSubject('demo', 'planet', config.prefix);
    const answers = messaging.nc.subscribe(`${config.prefix}.event.refused.demo`);
    await messaging.js.publish(subject, JSON.stringify({ tile: 1 }), {
      headers: toHeaders({ 'ce-specversion': '1.0', 'ce-id': 'n-1', 'ce-source': '/n', 'ce-type': 't' }),
    });
    await eventually('it is kept', async () => (await events()).some(({ id, via }) => id === 'n-1' && via === 'pipeline/planet'));
    await messaging.js.publish(subject, 'no event', { headers: toHeaders({ 'ce-specversion': '1.0', 'ce-id': 'n-2' }) });
    for await (const answer of answers) {
      expect(answer.json()).toMatchObject({ pipeline: 'planet', id: 'n-2', reason: 'the body is not JSON' });
      break;
    }
    expect((await refused())[0]).toMatchObject({ via: 'pipeline/planet', reason: 'the body is not JSON', body: 'no event' });
  });

  it('our own catalogue changes are events of their workspace', async () => {
    const data = { ...CatalogueChanged.golden, id: 'workflow/demo' };
    const rows = outboxRows({ service: 'ingester', prefix: api.config.prefix }, [outgoing(CatalogueChanged, data)]);
    await inTransaction(api.database, async (tx) => {
      await insertOutbox(tx, rows);
      await notifyOutbox(tx);
    });
    await eventually('it is kept', async () => (await events()).some(({ id, via }) => id === rows[0]?.id && via === 'runnel'));
  });
});
