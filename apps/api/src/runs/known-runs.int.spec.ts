import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { openDatabase } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { eventually, testDatabase } from '@runnel/testing';
import type { TestDatabase } from '@runnel/testing';
import { openKnownRuns } from './known-runs.ts';
import type { KnownRuns } from './known-runs.ts';

jest.setTimeout(60_000);

let test: TestDatabase;
let database: Database;
let runs: KnownRuns;

beforeEach(async () => {
  test = await testDatabase();
  database = await openDatabase({ url: test.url, name: 'test' });
  runs = openKnownRuns(database);
});

afterEach(async () => {
  await runs.close();
  await database.close();
  await test.drop();
});

async function add(phase: string): Promise<string> {
  const id = randomUUID();
  await database.pool.query(
    `insert into runs (id, partition, workspace, executing_workspace, process_workspace, process_id, process_version, process_digest, principal, phase,
  version, created_at, updated_at, finished_at)
values ($1, 0, 'demo', 'owner', 'owner', 'p', '1', 'd', 'someone', $2, 1, now(), now(), case when $2 = 'successful' then now() end)`,
    [id, phase],
  );
  return id;
}

/** A change that nobody is told of: what is still seen as it was came from memory. */
async function changeSecretly(id: string, message: string): Promise<void> {
  const client = await database.pool.connect();
  await client.query('set session_replication_role = replica');
  await client.query('update runs set message = $2 where id = $1', [id, message]);
  await client.query('reset session_replication_role');
  client.release();
}

const messageOf = async (workspace: string, id: string): Promise<string | undefined> => (await runs.find(workspace, id))?.message;

/** Until it hears of changes it remembers nothing. */
async function remembered(id: string): Promise<void> {
  for (let turn = 0; ; turn += 1) {
    await runs.find('demo', id);
    await changeSecretly(id, `turn ${turn}`);
    if ((await messageOf('demo', id)) !== `turn ${turn}`) return;
  }
}

describe('known runs', () => {
  it('reads one that has ended from memory, until it changes', async () => {
    const id = await add('successful');
    await remembered(id);
    await database.pool.query(`update runs set message = 'changed' where id = $1`, [id]);
    await eventually('the change is seen', async () => (await messageOf('demo', id)) === 'changed');
  });

  it('shows it to its own workspaces alone, and to nobody once it is deleted', async () => {
    const id = await add('successful');
    await remembered(id);
    expect(await runs.find('other', id)).toBeUndefined();
    expect(await runs.find('owner', id)).toMatchObject({ id });
    await database.pool.query('update runs set deleted_at = now() where id = $1', [id]);
    await eventually('it is gone', async () => (await runs.find('demo', id)) === undefined);
  });

  it('forgets at once where it is told to', async () => {
    const id = await add('successful');
    await remembered(id);
    await changeSecretly(id, 'here');
    runs.forget(id);
    expect(await messageOf('demo', id)).toBe('here');
  });

  it('remembers none that is under way', async () => {
    await remembered(await add('successful'));
    const id = await add('running');
    await runs.find('demo', id);
    await changeSecretly(id, 'further');
    expect(await messageOf('demo', id)).toBe('further');
  });
});
