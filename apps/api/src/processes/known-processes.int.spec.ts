import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { inTransaction, openDatabase, query } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { eventually, testDatabase } from '@runnel/testing';
import type { TestDatabase } from '@runnel/testing';
import { openKnownProcesses, tellChanged } from './known-processes.ts';
import type { KnownProcesses } from './known-processes.ts';

let place: TestDatabase;
let database: Database;
let processes: KnownProcesses;
beforeAll(async () => {
  place = await testDatabase();
  database = await openDatabase({ url: place.url, name: 'known-test' });
});
afterAll(async () => {
  await database.close();
  await place.drop();
});
beforeEach(async () => {
  await database.pool.query('delete from processes');
  processes = openKnownProcesses(database);
});
afterEach(() => processes.close());

/** As another replica would; `tell: false` shows what is remembered. */
async function deploy(title: string, tell = true): Promise<void> {
  await inTransaction(database, async (tx) => {
    await query(tx, {
      text: `insert into processes values ('demo', 'p', (select count(*) + 1 from processes), 'd', 'p', $1, 'k', 'application/cwl', 'test', now())`,
      values: [JSON.stringify({ id: 'p', title })],
    });
    if (tell) await tellChanged(tx, 'demo');
  });
}

const title = async (): Promise<string | undefined> => {
  const text = await processes.description('demo', 'p');
  return text === undefined ? undefined : (JSON.parse(text) as { title: string }).title;
};

/** Until a change that nobody told is not seen any more: from then on answers come from memory. */
async function remembering(): Promise<string> {
  let n = 0;
  return eventually('answers are remembered', async () => {
    const before = await title();
    await deploy(`untold ${(n += 1)}`, false);
    return (await title()) === before ? before : undefined;
  });
}

it('remembers, and hears of changes', async () => {
  await deploy('first');
  const old = await remembering();
  expect(await title()).toBe(old);
  await deploy('second');
  await eventually('the change is heard', async () => (await title()) === 'second');
  expect((await processes.find('demo', 'p'))?.revision).toBe((await database.pool.query('select 1 from processes')).rowCount);
  expect((await processes.list('demo', '', 10)).map(({ id }) => id)).toEqual(['p']);
});

it('does not remember what there is none of', async () => {
  expect(await processes.find('demo', 'p')).toBeUndefined();
  await deploy('first', false);
  expect(await title()).toBe('first');
});

it('forgets at once what it is told to', async () => {
  await deploy('first');
  await remembering();
  await deploy('second', false);
  processes.forget('demo');
  expect(await title()).toBe('second');
});

it('reads from Postgres while it does not hear', async () => {
  await deploy('first');
  await remembering();
  await deploy('second', false);
  await database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'runnel-api-processes' and datname = current_database()`,
  );
  await eventually('it reads again', async () => (await title()) === 'second');
});
