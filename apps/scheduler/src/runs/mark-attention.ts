import type { DeadLetter } from '@runnel/messaging';
import type { Pool } from 'pg';

/** A message of this run could not be handled: somebody should look (rule 12). */
export async function markAttention(pool: Pool, { run, type, consumer, reason, seq }: DeadLetter): Promise<void> {
  if (run === undefined) return;
  const text = `${consumer} could not handle ${type ?? 'a message'}: ${reason} (dead letter ${seq})`;
  await pool.query('update runs set attention = $2, updated_at = now() where id = $1', [run, text.slice(0, 4000)]);
}
