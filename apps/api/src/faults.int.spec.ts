import { mkdtemp, rename, rm } from 'node:fs/promises';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort, startNatsServer, startPostgres } from '@runnel/embedded';
import type { EmbeddedServer, PostgresServer } from '@runnel/embedded';
import { buryMessage, natsServerConfig, streamNames, toHeaders } from '@runnel/messaging';
import { eventually, testPrefix } from '@runnel/testing';
import { cwl, json, request, startTestApi, wide } from './testing/test-api.ts';
import type { Client, TestApi } from './testing/test-api.ts';

let dir: string;
let postgres: PostgresServer;
let nats: EmbeddedServer;
let startServers: { postgres: () => Promise<PostgresServer>; nats: () => Promise<EmbeddedServer> };
let api: TestApi;
let demo: Client;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'runnel-api-faults-'));
  await chmod(dir, 0o755);
  const [postgresPort, natsPort] = [await freePort(), await freePort()];
  const [prefix, password] = [testPrefix(), 'of-all'];
  const users = { api: password, scheduler: 'x', executor: 'x', ingester: 'x', harvester: 'x', operator: password };
  const config = natsServerConfig({ port: natsPort, storeDir: join(dir, 'jetstream'), users, prefix, maxFileStore: 100 * 1024 ** 4 });
  startServers = {
    postgres: () =>
      startPostgres({
        dataDir: join(dir, 'postgres'),
        port: postgresPort,
        passwordFile: join(dir, 'password'),
        logFile: join(dir, 'postgres.log'),
        durable: false,
      }),
    nats: () => startNatsServer({ dir: join(dir, 'nats'), port: natsPort, config }),
  };
  [postgres, nats] = await Promise.all([startServers.postgres(), startServers.nats()]);
  api = await startTestApi({}, { postgres, natsUrl: nats.url, prefix, password });
  demo = await api.as('demo');
  expect((await demo('POST', '/demo/ogc-api/processes', cwl(wide))).status).toBe(201);
  expect((await execute()).status).toBe(201);
});

afterAll(async () => {
  await api.close();
  await Promise.all([postgres.stop(), nats.stop()]);
  await rm(dir, { recursive: true, force: true });
});

const execute = () => demo('POST', '/demo/ogc-api/processes/wide/execution', json({ inputs: { n: [1] } }));
describe('with the rights of an installation', () => {
  it('processes and runs come and go', async () => {
    expect((await demo('PUT', '/demo/ogc-api/processes/wide', cwl(wide))).status).toBe(204);
    const { body } = await execute();
    expect((await demo('DELETE', `/demo/ogc-api/jobs/${body.jobID}`)).body.status).toBe('dismissed');
    const made = await demo('POST', '/api/v1/tokens', json({ name: 'x' }));
    expect((await demo('DELETE', `/api/v1/tokens/${made.body.id}`)).status).toBe(204);
    expect((await demo('POST', '/demo/ogc-api/processes', cwl(wide.replaceAll('wide', 'other')))).status).toBe(201);
    expect((await demo('DELETE', '/demo/ogc-api/processes/other')).status).toBe(204);
  });

  it('dead letters are shown and dropped', async () => {
    const authorization = `Bearer ${await api.token('demo', ['operator'])}`;
    const dead = { seq: 1, consumer: 'scheduler-p00', subject: 'x', headers: toHeaders({}), data: new Uint8Array(), reason: 'x', count: 6 };
    await buryMessage(api.messaging, dead);
    const ask = (method: string) => request(api.url, method, '/api/v1/dead-letters/1', { headers: { authorization } });
    expect((await ask('GET')).body).toMatchObject({ consumer: 'scheduler-p00', reason: 'x' });
    expect([(await ask('DELETE')).status, (await ask('GET')).status]).toEqual([204, 404]);
  });
});

const ready = () => request(api.url, 'GET', '/health/ready');

describe('without Postgres', () => {
  it('everything that needs it answers 503 with Retry-After, what does not goes on, and it comes back by itself', async () => {
    await postgres.stop();
    const job = '/demo/ogc-api/jobs/01936d2e-7c1a-7000-8000-000000000001';
    for (const path of ['/demo/ogc-api/processes', job, '/api/v1/runs', '/workspaces/demo/files/a']) {
      const answer = await demo('GET', path);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'application/problem+json']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(answer.text).not.toMatch(/ECONN|password|127\.0\.0\.1/);
    }
    expect((await execute()).status).toBe(503);
    expect((await request(api.url, 'GET', '/demo/ogc-api/conformance')).status).toBe(200);
    expect((await request(api.url, 'GET', '/health/live')).status).toBe(200);
    expect((await ready()).status).toBe(503);
    postgres = await startServers.postgres();
    await eventually('it is ready again', async () => (await ready()).status === 200);
    expect((await execute()).status).toBe(201);
  });
});

describe('without NATS', () => {
  it('runs are accepted and followed; the scheduler is told later', async () => {
    const { messages: before } = (await api.messaging.jsm.streams.info(streamNames(api.config.prefix).status)).state;
    await nats.stop();
    const accepted = await execute();
    expect(accepted.status).toBe(201);
    expect((await demo('GET', `/demo/ogc-api/jobs/${accepted.body.jobID}`)).body.status).toBe('accepted');
    expect((await demo('DELETE', `/demo/ogc-api/jobs/${accepted.body.jobID}`)).body.status).toBe('dismissed');
    expect((await ready()).body.checks.nats).not.toBe('ok');
    nats = await startServers.nats();
    await eventually('the messages are out', async () => {
      const { rowCount } = await api.database.pool.query('select 1 from outbox');
      const { state } = await api.messaging.jsm.streams
        .info(streamNames(api.config.prefix).status)
        .catch(() => ({ state: { messages: 0 } }));
      return rowCount === 0 && state.messages > before;
    });
  });
});

describe('without the object store', () => {
  it('files answer 503; a known process is still executed', async () => {
    const folder = fileURLToPath(api.config.objects);
    await rename(folder, `${folder.replace(/\/$/, '')}-away`);
    for (const [method, path, init] of [
      ['GET', '/workspaces/demo/files/a', {}],
      ['PUT', '/workspaces/demo/files/a', { body: 'a' }],
      ['POST', '/demo/ogc-api/processes', cwl(wide.replaceAll('wide', 'other'))],
    ] as const) {
      const answer = await demo(method, path, init);
      expect([method, path, answer.status]).toEqual([method, path, 503]);
      expect(answer.headers.get('retry-after')).not.toBeNull();
    }
    expect((await ready()).body.checks.objects).not.toBe('ok');
    expect((await execute()).status).toBe(201);
    await rename(`${folder.replace(/\/$/, '')}-away`, folder);
    expect((await demo('PUT', '/workspaces/demo/files/a', { body: 'a' })).status).toBe(201);
  });
});
