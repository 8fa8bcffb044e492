import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { testDatabase, testPostgresUrl } from '@runnel/testing';
import type { TestDatabase } from '@runnel/testing';
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { ensureEventPartitions } from './event-partitions.ts';
import { migrate } from './migrate.ts';
import { migrations, requiredSchemaVersion } from './migrations/index.ts';
import { roleOf, serviceNames } from './roles.ts';
import type { ServiceName } from './roles.ts';
import { SchemaMissing, schemaVersion, waitForSchema } from './schema-version.ts';

jest.setTimeout(60_000);

const passwords: Record<ServiceName, string> = { api: "a'1", scheduler: 's2', ingester: 'i3', harvester: 'h4' };

async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

describe('migrate', () => {
  let name: string;
  let url: string;

  beforeEach(async () => {
    name = `test_${randomBytes(6).toString('hex')}`;
    await connected(testPostgresUrl(), (admin) => admin.query(`create database ${name}`));
    const address = new URL(testPostgresUrl());
    address.pathname = `/${name}`;
    url = address.href;
  });

  afterEach(() => connected(testPostgresUrl(), (admin) => admin.query(`drop database ${name} with (force)`)));

  it('brings the schema once, whoever else does the same at the same time', async () => {
    expect(await connected(url, schemaVersion)).toBe(0);
    const applied = await Promise.all([migrate(url), migrate(url), migrate(url)]);
    expect(applied.flat()).toEqual(migrations.map(({ version }) => version));
    expect(await migrate(url)).toEqual([]);
    expect(await connected(url, schemaVersion)).toBe(requiredSchemaVersion);
  });

  it('lets services wait for it', async () => {
    await expect(waitForSchema(url, { timeoutMs: 300 })).rejects.toThrow(SchemaMissing);
    await expect(waitForSchema('postgres://127.0.0.1:1/none', { timeoutMs: 300 })).rejects.toThrow(/does not answer.*runnel migrate/);
    const waiting = waitForSchema(url);
    await migrate(url);
    await waiting;
  });

  it('says that the server is away', async () => {
    await expect(migrate('postgres://127.0.0.1:1/none')).rejects.toMatchObject({ name: 'ServiceUnavailable', service: 'Postgres' });
  });

  it('makes the partitions of this and the next two months', async () => {
    await migrate(url, { now: new Date('2026-12-15T00:00:00Z') });
    const partitions = await connected(url, async (client) => {
      const { rows } = await client.query<{ relname: string }>(
        "select relname from pg_inherits join pg_class c on c.oid = inhrelid where inhparent = 'events'::regclass order by relname",
      );
      return rows.map(({ relname }) => relname);
    });
    expect(partitions).toEqual(['events_2026_12', 'events_2027_01', 'events_2027_02', 'events_default']);
  });
});

describe('event partitions', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await testDatabase();
  });

  afterEach(() => database.drop());

  const insert = (client: Client, run: string): Promise<unknown> =>
    client.query("insert into events (run_id, version, type, data, time) values ($1, 1, 'run.accepted', '{}', now())", [run]);

  it('take the runs of their month, and leave a month alone whose rows came too early', async () => {
    await connected(database.url, async (client) => {
      await ensureEventPartitions(client, new Date('2030-01-31T23:59:00Z'));
      // 2030-02-01T00:00:00Z is 0x01b8c8c5dc00 ms; the instant before it belongs to January.
      await insert(
        client,
        `${(1_896_134_400_000)
          .toString(16)
          .padStart(12, '0')
          .replace(/^(.{8})/, '$1-')}-7000-8000-000000000000`,
      );
      await insert(
        client,
        `${(1_896_134_399_999)
          .toString(16)
          .padStart(12, '0')
          .replace(/^(.{8})/, '$1-')}-7fff-bfff-ffffffffffff`,
      );
      await insert(
        client,
        `${Date.parse('2031-05-05')
          .toString(16)
          .padStart(12, '0')
          .replace(/^(.{8})/, '$1-')}-7fff-bfff-ffffffffffff`,
      );
      const { rows } = await client.query<{ place: string }>('select tableoid::regclass::text as place from events order by run_id');
      expect(rows.map(({ place }) => place)).toEqual(['events_2030_01', 'events_2030_02', 'events_default']);
      expect(await ensureEventPartitions(client, new Date('2031-05-01T00:00:00Z'))).toEqual(['events_2031_06', 'events_2031_07']);
    });
  });
});

describe('roles', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await testDatabase();
    await migrate(database.url, { passwords });
  });

  afterEach(() => database.drop());

  function as<T>(service: ServiceName, work: (client: Client) => Promise<T>): Promise<T> {
    const url = new URL(database.url);
    url.username = roleOf(service);
    url.password = encodeURIComponent(passwords[service]);
    return connected(url.href, work);
  }

  const run = '01936d2e-7c1a-7000-8000-000000000001';
  const refused = { code: '42501' };

  it('may all read, and use the outbox', async () => {
    for (const service of serviceNames) {
      await as(service, async (client) => {
        await client.query('select * from runs, events, processes, schema_versions');
        await client.query("insert into outbox (subject, headers, payload) values ('s', '{}', '{}')");
        const { rows } = await client.query<{ id: string }>('select id from outbox for update skip locked');
        await client.query('delete from outbox where id = any($1::uuid[])', [rows.map(({ id }) => id)]);
      });
    }
  });

  it.each<[ServiceName, string]>([
    [
      'api',
      `insert into steps (run_id, step, attempt, workspace, state, cores, memory_mib, requested_at) values ('${run}', 'a', 1, 'w', 'requested', 1, 1, now())`,
    ],
    ['api', `update runs set stopped = true`],
    ['api', `delete from events`],
    ['api', `update events set data = '{}'`],
    ['scheduler', `insert into processes select * from processes`],
    ['scheduler', `update events set data = '{}'`],
    ['scheduler', `delete from events`],
    ['scheduler', `insert into tokens select * from tokens`],
    ['ingester', `insert into events select * from events`],
    ['ingester', `update usage set wall_seconds = 0`],
    ['harvester', `insert into results select * from results`],
    ['harvester', `create table mine (x int)`],
    ['api', `select ensure_event_partitions(now(), 1)`],
  ])('%s may not: %s', async (service, sql) => {
    await expect(as(service, (client) => client.query(sql))).rejects.toMatchObject(refused);
  });

  it.each<[ServiceName, string]>([
    ['api', `insert into events (run_id, version, type, data, time) values ('${run}', 1, 'run.accepted', '{}', now())`],
    ['api', `update runs set phase = 'dismissed', version = 2, updated_at = now()`],
    [
      'scheduler',
      `insert into grants (run_id, node, workspace, executor, count, cores, memory_mib) values ('${run}', 'a', 'w', 'x', 1, 1, 1)`,
    ],
    ['scheduler', `select ensure_event_partitions(now(), 2)`],
    ['scheduler', `update runs set attention = 'look'`],
    ['ingester', `insert into objects (workspace, sha256, size, touched_at) values ('w', 'a', 1, now())`],
    ['harvester', `insert into harvest_positions (repository, branch, commit, updated_at) values ('r', 'b', 'c', now())`],
  ])('%s may: %s', async (service, sql) => {
    await expect(as(service, (client) => client.query(sql))).resolves.toBeDefined();
  });
});
