import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { testDatabase } from '@runnel/testing';
import type { TestDatabase } from '@runnel/testing';
import { openDatabase } from './database.ts';
import type { Database } from './database.ts';
import { inTransaction, query } from './transaction.ts';
import { writeTogether } from './write-together.ts';

jest.setTimeout(60_000);

let test: TestDatabase;
let database: Database;

beforeEach(async () => {
  test = await testDatabase();
  database = await openDatabase({ url: test.url, name: 'test', poolSize: 4 });
  await database.pool.query('create table numbers (id int primary key, n int not null)');
  await database.pool.query('insert into numbers values (1, 0), (2, 0)');
});

afterEach(async () => {
  await database.close();
  await test.drop();
});

const numbers = async (): Promise<number[]> =>
  (await database.pool.query<{ n: number }>('select n from numbers order by id')).rows.map(({ n }) => n);
const add = (id: number, n: number): { text: string; values: number[] } => ({
  text: 'update numbers set n = n + $2 where id = $1',
  values: [id, n],
});

describe('inTransaction', () => {
  it('commits what its work does, on one connection', async () => {
    const inside = await inTransaction(database, async (tx) => {
      await tx.query('update numbers set n = 5 where id = 1');
      return (await query<{ n: number }>(tx, { name: 'one', text: 'select n from numbers where id = $1', values: [1] })).rows;
    });
    expect(inside).toEqual([{ n: 5 }]);
    expect(await numbers()).toEqual([5, 0]);
  });

  it('takes back what its work did when it throws', async () => {
    const fault = new Error('no');
    const failing = inTransaction(database, async (tx) => {
      await tx.query('update numbers set n = 5');
      throw fault;
    });
    await expect(failing).rejects.toBe(fault);
    expect(await numbers()).toEqual([0, 0]);
  });

  it('repeats after a deadlock', async () => {
    let meet: () => void = () => undefined;
    const met = new Promise<void>((resolve) => (meet = resolve));
    let waiting = 0;
    const cross = (first: number, second: number): Promise<void> =>
      inTransaction(database, async (tx) => {
        await query(tx, add(first, 1));
        if (++waiting >= 2) meet();
        await met;
        await query(tx, add(second, 1));
      });
    await Promise.all([cross(1, 2), cross(2, 1)]);
    expect(await numbers()).toEqual([2, 2]);
    expect(waiting).toBe(3);
  });

  it('says that Postgres is away when the connection breaks, and works again afterwards', async () => {
    const broken = inTransaction(database, async (tx) => {
      const { rows } = await query<{ pid: number }>(tx, { text: 'select pg_backend_pid() as pid' });
      await database.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      await query(tx, add(1, 1));
    });
    await expect(broken).rejects.toMatchObject({ name: 'ServiceUnavailable', service: 'Postgres', retryAfter: 2 });
    await inTransaction(database, (tx) => query(tx, add(1, 1)));
    expect(await numbers()).toEqual([1, 0]);
  });

  it('says so when there is no server', async () => {
    await expect(openDatabase({ url: 'postgres://127.0.0.1:1/none', name: 'test' })).rejects.toMatchObject({ name: 'ServiceUnavailable' });
  });
});

describe('a connection in use', () => {
  it('may break while no statement runs: the next one says so, the process lives', async () => {
    const client = await database.pool.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const ended = new Promise((resolve) => client.once('end', resolve));
    await database.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await ended;
    await expect(client.query('select 1')).rejects.toThrow();
    client.release(true);
    expect(await numbers()).toEqual([0, 0]);
  });
});

describe('writeTogether', () => {
  it('commits all or nothing', async () => {
    await writeTogether(database, [add(1, 1), add(2, 2)]);
    await expect(writeTogether(database, [add(1, 1), { text: 'insert into numbers values (2, 9)' }, add(2, 1)])).rejects.toMatchObject({
      code: '23505',
    });
    expect(await numbers()).toEqual([1, 2]);
  });

  it('does not commit what a check refuses, and knows what a fault of the server means', async () => {
    const fault = new Error('too few');
    const refuse = (): never => {
      throw fault;
    };
    await expect(writeTogether(database, [{ ...add(1, 1), check: refuse }])).rejects.toBe(fault);
    await expect(writeTogether(database, [add(1, 1), { text: 'insert into numbers values (2, 9)', explain: refuse }])).rejects.toBe(fault);
    expect(await numbers()).toEqual([0, 0]);
  });

  it('prepares named statements whatever became of the transaction they were first used in', async () => {
    const named = { name: 'add-one', ...add(1, 1) };
    const wrong = { text: 'insert into numbers values (2, 9)' };
    for (let n = 0; n < 6; n++) await expect(writeTogether(database, [wrong, named])).rejects.toMatchObject({ code: '23505' });
    for (let n = 0; n < 6; n++) await writeTogether(database, [named]);
    expect(await numbers()).toEqual([6, 0]);
  });

  it('repeats after a deadlock', async () => {
    const many = (first: number, second: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: 10 }, () => writeTogether(database, [add(first, 1), { text: 'select pg_sleep(0.005)' }, add(second, 1)])),
      );
    await Promise.all([many(1, 2), many(2, 1)]);
    expect(await numbers()).toEqual([20, 20]);
  });
});
