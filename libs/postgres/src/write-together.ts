import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient, QueryResult, QueryResultRow } from 'pg';
import type { Database } from './database.ts';
import { isRepeatable, isUnavailable, ServiceUnavailable } from './faults.ts';
import type { Statement } from './transaction.ts';

/** A statement whose outcome decides whether the transaction it belongs to is committed. */
export interface Write extends Statement {
  /** Throws where the transaction must not be committed. */
  check?: (rows: readonly QueryResultRow[]) => void;
  /** Says what the server's error means; throws. */
  explain?: (error: unknown) => never;
}

const attempts = 5;

/**
 * Carries out statements in one transaction that depend on each other only by their order: all of them travel together (pipelined), the commit
 * follows when every check has passed, so that a batch costs two ways to the server and back; one, where there is nothing to check. Faults as with
 * `inTransaction`.
 */
export async function writeTogether(database: Database, writes: readonly Write[], beforeCommit?: () => void): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(database, writes, beforeCommit);
    } catch (error) {
      if (isUnavailable(error) && !(error instanceof ServiceUnavailable)) throw new ServiceUnavailable(error);
      if (!isRepeatable(error) || attempt === attempts) throw error;
      await sleep(2 ** attempt * (5 + Math.random() * 5));
    }
  }
}

async function once(database: Database, writes: readonly Write[], beforeCommit: (() => void) | undefined): Promise<void> {
  const client = await database.pool.connect();
  let broken = true;
  // After a statement that failed the server takes a commit for a rollback.
  const atOnce = beforeCommit === undefined && writes.every(({ check }) => check === undefined);
  try {
    const [begun, ...results] = await Promise.allSettled(
      corked(client, () => [
        client.query('begin'),
        ...writes.map(({ check: _check, explain: _explain, ...statement }) => client.query(statement)),
        ...(atOnce ? [client.query('commit')] : []),
      ]),
    );
    if (begun?.status === 'rejected') throw begun.reason;
    verify(writes, results.slice(0, writes.length));
    beforeCommit?.();
    const committed = results[writes.length];
    if (committed?.status === 'rejected') throw committed.reason;
    if (!atOnce) await client.query('commit');
    broken = false;
  } finally {
    // After a fault later statements may not have been prepared under the names the client remembers: the connection is thrown away.
    client.release(broken);
  }
}

/** What is sent within leaves in one write: a system call per statement would cost more than most statements. */
function corked<T>(client: PoolClient, send: () => T): T {
  const { stream } = (client as unknown as { connection: { stream: Writable } }).connection;
  stream.cork();
  try {
    return send();
  } finally {
    stream.uncork();
  }
}

/** The first fault counts: those after it only say that the transaction is aborted. */
function verify(writes: readonly Write[], results: readonly PromiseSettledResult<QueryResult>[]): void {
  for (const [index, result] of results.entries()) {
    const write = writes[index];
    if (result.status === 'fulfilled') write?.check?.(result.value.rows);
    else if (write?.explain) write.explain(result.reason);
    else throw result.reason;
  }
}
