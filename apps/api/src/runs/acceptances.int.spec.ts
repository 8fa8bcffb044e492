import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openDatabase, VersionConflict } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { testDatabase } from '@runnel/testing';
import type { TestDatabase } from '@runnel/testing';
import { openAcceptances } from './acceptances.ts';
import type { NewRun } from './acceptances.ts';
import { uuidV7 } from './uuid-v7.ts';

let place: TestDatabase;
let database: Database;
beforeAll(async () => {
  place = await testDatabase();
  database = await openDatabase({ url: place.url, name: 'acceptances-test' });
});
afterAll(async () => {
  await database.close();
  await place.drop();
});

const at = new Date('2026-11-21T12:00:00.123Z');

function newRun(id = uuidV7(at.getTime()), more: Partial<NewRun> = {}): NewRun {
  return {
    row: {
      id,
      workspace: 'demo',
      executingWorkspace: 'owner',
      processWorkspace: 'owner',
      processId: 'p',
      processVersion: '1',
      processDigest: 'd',
      phase: 'accepted',
      progress: 0,
      message: 'a "message", and more',
      version: 1,
      failure: null,
      attention: null,
      document: null,
      name: null,
      labels: {},
      priority: 0,
      weight: 1,
      stopped: false,
      request: { response: 'document', outputs: { a: {} } },
      resumes: null,
      createdAt: at,
      startedAt: null,
      finishedAt: null,
      updatedAt: at,
    },
    partition: 3,
    principal: 'token:t',
    base: 'http://127.0.0.1',
    events: [{ type: 'run.started', data: {}, at: at.toISOString() } as NewRun['events'][number]],
    messages: [{ subject: 's', headers: {}, payload: id }],
    checks: [],
    also: [],
    ...more,
  };
}

const kept = async (runs: readonly NewRun[]): Promise<number[]> =>
  Promise.all(
    runs.map(async ({ row: { id } }) => {
      const { rows } = await database.pool.query<{ n: number }>(
        `select (select count(*) from runs where id = $1)::int + (select count(*) from events where run_id = $1)::int
           + (select count(*) from outbox where payload = $1::text)::int as n`,
        [id],
      );
      return rows[0]?.n ?? 0;
    }),
  );

it('what comes meanwhile goes together into one transaction', async () => {
  const { write } = openAcceptances(database);
  const runs = Array.from({ length: 5 }, () => newRun());
  await Promise.all(runs.map(write));
  expect(await kept(runs)).toEqual([3, 3, 3, 3, 3]);
  const { rows } = await database.pool.query<{ first: boolean; tx: string }>(
    'select id = $1 as first, xmin::text as tx from runs where id = any($2)',
    [runs[0]?.row.id, runs.map(({ row }) => row.id)],
  );
  expect(new Set(rows.filter(({ first }) => !first).map(({ tx }) => tx)).size).toBe(1);
  const { rows: found } = await database.pool.query('select * from runs where id = $1', [runs[4]?.row.id]);
  expect(found).toMatchObject([
    { workspace: 'demo', executing_workspace: 'owner', created_at: at, message: 'a "message", and more', failure: null, labels: {} },
  ]);
  expect(found).toMatchObject([{ request: { response: 'document', outputs: { a: {} } }, finished_at: null, priority: 0 }]);
});

it('one that is refused takes none of the others with it', async () => {
  const { write } = openAcceptances(database);
  const before = newRun();
  await write(before);
  const [first, twice, last] = [newRun(), newRun(before.row.id), newRun()];
  const settled = await Promise.allSettled([newRun(), first, twice, last].map(write));
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(settled[2]).toMatchObject({ reason: expect.any(VersionConflict) as unknown });
  expect(await kept([first, last])).toEqual([3, 3]);
});

it('a run with a check of its own waits for nobody and is refused by it', async () => {
  const { write } = openAcceptances(database);
  const fault = new Error('one too many');
  const refuse = (): never => {
    throw fault;
  };
  const refused = newRun(undefined, { checks: [{ text: 'select 1', check: refuse }] });
  const other = newRun();
  const settled = await Promise.allSettled([other, refused].map(write));
  expect(settled).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: fault }]);
  expect(await kept([other, refused])).toEqual([3, 0]);
});
