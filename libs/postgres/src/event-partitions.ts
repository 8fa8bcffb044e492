import type { ClientBase, Pool } from 'pg';

/** Months made ahead of the present one. */
const ahead = 2;

/** Makes the partitions of this and the next two months; the scheduler calls it daily. Returns those that were new. */
export async function ensureEventPartitions(client: ClientBase | Pool, now: Date): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>('select * from ensure_event_partitions($1, $2) as name', [now, ahead]);
  return rows.map((row) => row.name);
}
