import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '@runnel/cwl';
import { openObjectStore, type ObjectStore } from '@runnel/objects';
import { openDatabase, type Database } from '@runnel/postgres';
import { createMetrics, harvestedFiles } from '@runnel/service';
import { removeTestMessaging, testDatabase, testLogger, testMessaging, type TestDatabase } from '@runnel/testing';
import type { IngesterParts } from './parts.ts';
import { openLastAct } from './results/last-act.ts';

/** The ingester's parts over a database, streams and an object store of one's own; no relay, so that the outbox shows what was told. */
export interface Fixture extends IngesterParts {
  databaseUrl: string;
  close(): Promise<void>;
  /** A run in this phase, accepted with these inputs; returns its id. */
  addRun(run: {
    phase: string;
    inputs?: Json;
    workspace?: string;
    executing?: string;
    catalogue?: true;
    createdAt?: Date;
  }): Promise<string>;
  setPhase(run: string, phase: string): Promise<void>;
  /** An intermediate object with this content, as an executor names it in outputs. */
  made(basename: string, content: string): Promise<JsonObject & { location: string }>;
  keys(prefix: string): Promise<string[]>;
  /** Messages in the outbox: type and data. */
  told(): Promise<{ type: string; data: JsonObject }[]>;
  rows(sql: string, values?: unknown[]): Promise<JsonObject[]>;
}

export async function ingesterFixture(): Promise<Fixture> {
  const test: TestDatabase = await testDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'ingester-'));
  const objects: ObjectStore = await openObjectStore(pathToFileURL(`${folder}/`).href, { fsync: false });
  const database: Database = await openDatabase({ url: test.url, name: 'ingester test' });
  const messaging = await testMessaging();
  const rows = async (sql: string, values: unknown[] = []) => (await database.pool.query<JsonObject>(sql, values)).rows;
  return {
    databaseUrl: test.url,
    database,
    objects,
    bucket: 'bucket',
    messaging,
    relay: { kick: () => undefined },
    lastAct: openLastAct({ database, messaging }),
    logger: testLogger('ingester'),
    harvested: harvestedFiles(createMetrics('ingester')),
    rows,
    async close() {
      await removeTestMessaging(messaging);
      await database.close();
      await test.drop();
      await rm(folder, { recursive: true, force: true });
    },
    async addRun({ phase, inputs = {}, workspace = 'demo', executing, catalogue, createdAt = new Date() }) {
      const run = randomUUID();
      await rows(
        `insert into runs (id, partition, workspace, process_workspace, process_id, process_version, process_digest, principal, phase, version, created_at, updated_at, executing_workspace)
values ($1, 0, $2, $2, 'p', '1', 'd', 'someone', $3, 1, $4, $4, $5)`,
        [run, workspace, phase, createdAt, executing ?? null],
      );
      await rows(`insert into events (run_id, version, type, data, time) values ($1, 1, 'run.accepted', $2, $3)`, [
        run,
        { inputs, ...(catalogue === undefined ? {} : { catalogue }) },
        createdAt,
      ]);
      return run;
    },
    async setPhase(run, phase) {
      await rows('update runs set phase = $2 where id = $1', [run, phase]);
    },
    async made(basename, content) {
      const key = `demo/objects/${createHash('sha256').update(content).digest('hex')}`;
      const { size } = await objects.put(key, content);
      return {
        class: 'File',
        location: `runnel:${key}`,
        basename,
        size,
        checksum: `sha1$${createHash('sha1').update(content).digest('hex')}`,
      };
    },
    async keys(prefix) {
      const found: string[] = [];
      for await (const { key } of objects.list(prefix)) found.push(key.slice(prefix.length));
      return found;
    },
    async told() {
      const all = await rows('select headers, payload from outbox order by seq');
      return all.map(({ headers, payload }) => ({
        type: (headers as Record<string, string>)['ce-type'] ?? '',
        data: JSON.parse(payload as string) as JsonObject,
      }));
    },
  };
}
