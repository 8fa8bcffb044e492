import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient, QueryResultRow } from 'pg';
import type { EntityManager } from 'typeorm';
import type { Database } from './database.ts';
import { isRepeatable, isUnavailable, ServiceUnavailable } from './faults.ts';

/** An open transaction. It is passed as an argument, so that one sees what belongs to it. */
export type Transaction = EntityManager;

const attempts = 5;

/**
 * Runs `work` in one transaction (read committed) and commits. Serialization failures and deadlocks repeat it, up to five times; a lost
 * connection rejects with ServiceUnavailable: whether the commit was reached is then unknown, and the caller relies on its keys.
 */
export async function inTransaction<T>(database: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(database, work);
    } catch (error) {
      if (isUnavailable(error) && !(error instanceof ServiceUnavailable)) throw new ServiceUnavailable(error);
      if (!isRepeatable(error) || attempt === attempts) throw error;
      await sleep(2 ** attempt * (5 + Math.random() * 5));
    }
  }
}

async function once<T>(database: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const runner = database.dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    const result = await work(runner.manager);
    await runner.commitTransaction();
    return result;
  } catch (error) {
    // A rollback that fails tells less than the fault before it; the pool drops the connection.
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
  }
}

export interface Statement {
  /** Given: prepared once per connection under this name; the text must then never vary. */
  name?: string;
  text: string;
  values?: unknown[];
}

/** Runs one statement on the transaction's own connection, below TypeORM: for hot paths. */
export async function query<Row extends QueryResultRow>(tx: Transaction, statement: Statement): Promise<{ rows: Row[]; count: number }> {
  if (!tx.queryRunner) throw new Error('this entity manager is not in a transaction');
  const client = (await tx.queryRunner.connect()) as PoolClient;
  const result = await client.query<Row>(statement);
  return { rows: result.rows, count: result.rowCount ?? 0 };
}
