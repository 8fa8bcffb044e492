import type { Database } from './database.ts';

/** Any number that nobody else uses. */
const lockKey = 7252;

/** Runs the work while no garbage is collected, by this or another process; undefined where it is being done now. */
export async function withoutGarbageCollection<Result>(database: Database, work: () => Promise<Result>): Promise<Result | undefined> {
  const client = await database.pool.connect();
  try {
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1, 1) as locked', [lockKey]);
    if (!rows[0]?.locked) return undefined;
    try {
      return await work();
    } finally {
      await client.query('select pg_advisory_unlock($1, 1)', [lockKey]);
    }
  } finally {
    client.release();
  }
}
