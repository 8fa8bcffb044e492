import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { testDatabase, testPostgresUrl, type TestDatabase } from '@runnel/testing';
import { Client } from 'pg';
import { exportDatabase, type DatabaseCopy } from './export-database.ts';
import { migrateWithin } from '../migrate.ts';
import { requiredSchemaVersion } from '../migrations/index.ts';
import { schemaVersion } from '../schema-version.ts';
import { importDatabase } from './import-database.ts';

let source: TestDatabase;
let target: { url: string; name: string };

async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function emptyDatabase(): Promise<{ url: string; name: string }> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await connected(testPostgresUrl(), (admin) => admin.query(`create database ${name}`));
  const url = new URL(testPostgresUrl());
  url.pathname = `/${name}`;
  return { name, url: url.href };
}

async function take(url: string, during?: () => Promise<unknown>): Promise<{ copy: DatabaseCopy; parts: Map<string, string> }> {
  const parts = new Map<string, string>();
  const copy = await exportDatabase(url, async (name, rows) => {
    await during?.();
    parts.set(name, await text(rows));
  });
  return { copy, parts };
}

const reader = (parts: Map<string, string>) => (name: string) => Readable.from([Buffer.from(parts.get(name) ?? '')]);

/** All rows of all tables but those that are made anew, as text. */
async function content(url: string): Promise<Record<string, string[]>> {
  return connected(url, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select relname::text as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
       and relname not in ('schema_versions', 'partitions', 'schedulers', 'executors', 'grants') order by 1`,
    );
    const found: Record<string, string[]> = {};
    for (const { name } of rows)
      found[name] = (await client.query<{ row: string }>(`select t::text as row from ${name} t order by 1`)).rows.map(({ row }) => row);
    return found;
  });
}

const run = '01936d2e-7c1a-7000-8000-000000000001';

beforeEach(async () => {
  source = await testDatabase();
  target = await emptyDatabase();
  await connected(source.url, async (client) => {
    await client.query(`select ensure_event_partitions('2024-11-15', 0)`);
    await client.query(
      `insert into processes (workspace, id, revision, digest, entry, description, source_key, media_type, deployed_by, deployed_at)
       values ('demo', 'p', 1, 'd1', '#main', '{"a": "b\\\\n"}', 'demo/sources/p/1', 'application/cwl', 'x', now())`,
    );
    await client.query(
      `insert into runs (id, partition, workspace, process_workspace, process_id, process_version, process_digest, principal, phase, version, document, created_at, updated_at, labels)
       values ($1, 3, 'demo', 'demo', 'p', '1', 'd1', 'x', 'running', 1, 'demo/results/r\\x', now(), now(), '{"team": "a"}')`,
      [run],
    );
    await client.query(`insert into events values ($1, 1, 'run.accepted', '{"tab": "\\t", "null": null}', now())`, [run]);
    await client.query(`insert into snapshots values ($1, 1, $2)`, [run, Buffer.from([0, 255, 10, 13, 92])]);
    await client.query(`insert into outbox (subject, headers, payload) values ('s', '{}', E'line\\nline\\t\\\\N')`);
    await client.query(`insert into executors values ('e', 'process', 1, 1, 1, 'none', true, now(), now())`);
    await client.query(`update partitions set owner = 'someone', epoch = 7, lease_until = 'infinity' where partition = 3`);
  });
});

afterEach(async () => {
  await source.drop();
  await connected(testPostgresUrl(), (admin) => admin.query(`drop database ${target.name} with (force)`));
});

describe('a copy of the database', () => {
  it('fills an empty one with the same rows, which nobody owns', async () => {
    const { copy, parts } = await take(source.url);
    await importDatabase(target.url, copy, reader(parts));
    expect(await content(target.url)).toEqual(await content(source.url));
    await connected(target.url, async (client) => {
      const { rows: owners } = await client.query(
        'select partition, owner, epoch::int from partitions where partition in (2, 3) order by 1',
      );
      expect(owners).toEqual([
        { partition: 2, owner: null, epoch: 0 },
        { partition: 3, owner: null, epoch: 7 },
      ]);
      expect((await client.query('select from executors')).rowCount).toBe(0);
      // In its month's partition, and the next outbox row gets a new number.
      expect((await client.query('select from events_default')).rowCount).toBe(0);
      await client.query(`insert into outbox (subject, headers, payload) values ('s', '{}', '')`);
      expect((await client.query('select distinct seq from outbox')).rowCount).toBe(2);
    });
  });

  it('is of one instant, whatever is written meanwhile', async () => {
    const before = await content(source.url);
    const { copy, parts } = await take(source.url, () =>
      connected(source.url, async (client) => {
        await client.query(`update runs set message = message || 'x'`);
        await client.query(`insert into outbox (subject, headers, payload) values ('late', '{}', '')`);
      }),
    );
    await importDatabase(target.url, copy, reader(parts));
    expect(await content(target.url)).toEqual(before);
  });

  it('names the objects that its rows need', async () => {
    const { copy, parts } = await take(source.url);
    expect(parts.get('named')).toBe('demo/packages/d1.json\ndemo/results/r\\\\x\ndemo/sources/p/1\n');
    expect(copy.named).toBe(3);
  });

  it('leaves an empty database empty where it is damaged, and one that is not empty as it is', async () => {
    const { copy, parts } = await take(source.url);
    const damaged = new Map(parts).set('runs', `${parts.get('runs') ?? ''}rubbish\n`);
    await expect(importDatabase(target.url, copy, reader(damaged))).rejects.toThrow(/runs/);
    const short = new Map(parts).set('usage', '').set('outbox', '');
    await expect(importDatabase(target.url, copy, reader(short))).rejects.toThrow('outbox: 0 rows were read, the copy was made of 1');
    await importDatabase(target.url, copy, reader(parts));
    await expect(importDatabase(target.url, copy, reader(parts))).rejects.toMatchObject({ name: 'ImportRefused' });
    expect(await content(target.url)).toEqual(await content(source.url));
  });

  it('is refused where a newer release made it', async () => {
    const { copy, parts } = await take(source.url);
    await expect(importDatabase(target.url, { ...copy, schema: 999 }, reader(parts))).rejects.toThrow('schema version 999');
  });

  it('of an older schema is brought to this one, with all its rows', async () => {
    const older = await emptyDatabase();
    await connected(older.url, async (client) => {
      await client.query('begin');
      await migrateWithin(client, 13);
      await client.query('commit');
      await client.query(`
insert into harvest_positions (workspace, repository, branch, commit, updated_at) values ('demo', 'r', 'main', 'c1', now());
insert into deployments (workspace, repository, commit, path, outcome, at) values ('demo', 'r', 'c1', 'a.cwl', 'deployed', now())`);
    });
    const { copy, parts } = await take(older.url);
    expect(copy.schema).toBe(13);
    await importDatabase(target.url, copy, reader(parts));
    const { rows } = await connected(target.url, (client) =>
      client.query(
        'select p.commit, p.moves, d.path, d.branch, d.move from harvest_positions p join deployments d using (workspace, repository)',
      ),
    );
    expect(rows).toEqual([{ commit: 'c1', moves: '0', path: 'a.cwl', branch: '', move: '0' }]);
    expect(await connected(target.url, (client) => schemaVersion(client))).toBe(requiredSchemaVersion);
    await connected(testPostgresUrl(), (admin) => admin.query(`drop database ${older.name}`));
  });

  it('says that the server is away', async () => {
    await expect(exportDatabase('postgres://127.0.0.1:1/none', async () => undefined)).rejects.toMatchObject({
      name: 'ServiceUnavailable',
    });
  });

  // Tables are filled one after the other in the order of their names.
  it('needs no order of its tables: what refers to another is looked at when all is there', async () => {
    await connected(source.url, async (client) => {
      expect((await client.query(`select conname from pg_constraint where contype = 'f' and not condeferred`)).rows).toEqual([]);
    });
  });
});
