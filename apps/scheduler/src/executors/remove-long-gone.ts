import type { Pool } from 'pg';

/**
 * Removes the rows of executors and schedulers that were last heard of an hour ago: their work was given to others long before. And keys of requests
 * that nobody repeats any more.
 */
export async function removeLongGone(pool: Pool): Promise<void> {
  await pool.query("delete from executors where lease_until < now() - interval '1 hour'");
  await pool.query("delete from schedulers where lease_until < now() - interval '1 hour'");
  await pool.query("delete from idempotency_keys where at < now() - interval '7 days'");
}
