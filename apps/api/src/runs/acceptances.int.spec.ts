import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDatabase, VersionConflict } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { testDatabase } from '@runnel/testing';
import type { TestDatabase } from '@runnel/testing';
import { openAcceptances } from './acceptances.ts';
import type { NewRun } from './acceptances.ts';
import { AlreadyFired } from '../triggers/note-started.ts';
import type { FiringKey } from '../triggers/note-started.ts';
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

describe('what triggers start', () => {
  const firings = async (): Promise<FiringKey[]> => {
    const trigger = randomUUID();
    await database.pool.query(
      `insert into triggers (id, workspace, name, kind, definition, enabled, principal, created_at)
       values ($1, 'demo', $1::uuid, 'event', '{}', true, 'p', now())`,
      [trigger],
    );
    const keys = Array.from({ length: 4 }, (_empty, item) => ({ trigger, source: '/s', event: 'e', item }));
    await database.pool.query(
      `insert into trigger_firings (trigger_id, source, event_id, item, workspace, depth)
       select $1, '/s', 'e', item, 'demo', 0 from generate_series(0, 3) as item`,
      [trigger],
    );
    return keys;
  };
  const outcomes = async (key: FiringKey | undefined): Promise<object[]> => {
    const text = 'select outcome, run_id as run from trigger_firings where trigger_id = $1 order by item';
    return (await database.pool.query<object>(text, [key?.trigger])).rows;
  };

  it('shares a transaction, and each firing knows its run', async () => {
    const { write } = openAcceptances(database);
    const keys = await firings();
    const runs = keys.map((firing) => newRun(undefined, { firing }));
    await Promise.all(runs.map(write));
    expect(await kept(runs)).toEqual([3, 3, 3, 3]);
    expect(await outcomes(keys[0])).toEqual(runs.map(({ row }) => ({ outcome: 'started', run: row.id })));
    const text = 'select distinct xmin::text as tx from runs where id = any($1)';
    expect((await database.pool.query(text, [runs.map(({ row }) => row.id)])).rows).toHaveLength(1);
  });

  it('is started once, whatever comes with it', async () => {
    const { write } = openAcceptances(database);
    const keys = await firings();
    const first = newRun(undefined, { firing: keys[1] });
    await write(first);
    const runs = keys.map((firing) => newRun(undefined, { firing }));
    const settled = await Promise.allSettled(runs.map(write));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(settled[1]).toMatchObject({ reason: expect.any(AlreadyFired) as unknown });
    expect(await kept(runs)).toEqual([3, 0, 3, 3]);
    expect(await outcomes(keys[0])).toMatchObject([0, 1, 2, 3].map((n) => ({ run: (n === 1 ? first : runs[n])?.row.id })));
  });

  it('by the same firing twice in one transaction is started once', async () => {
    const { write } = openAcceptances(database);
    const [firing] = await firings();
    const runs = [newRun(undefined, { firing }), newRun(undefined, { firing })];
    const settled = await Promise.allSettled(runs.map(write));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(await kept(runs)).toEqual([3, 0]);
  });
});
