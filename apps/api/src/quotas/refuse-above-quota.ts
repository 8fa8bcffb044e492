import type { Database, Write } from '@runnel/postgres';
import { Problem } from '@runnel/service';
import { queuedRuns, storedBytes } from './quota-rows.ts';
import type { QuotaRow } from './quota-rows.ts';

/** Seconds after which it may be worth asking again. */
const retryAfter = { queue: 10, storage: 60 };

/**
 * Refuses what a workspace may not begin now (429): before anything is stored, and by the returned statements in the transaction that accepts, which
 * count one after the other where many come at once. What was accepted is never stopped by a quota of storage: it could not end then.
 */
export async function refuseAboveQuota(database: Database, workspace: string, quota: QuotaRow): Promise<Write[]> {
  if (quota.queuedRuns === null && quota.storageBytes === null) return [];
  const { rows } = await database.pool.query<Count>(count(workspace));
  refuse(quota, rows[0]);
  if (quota.queuedRuns === null) return [];
  return [
    { name: 'lock-quota', text: 'select from quotas where workspace = $1 for update', values: [workspace] },
    { ...count(workspace), check: ([row]) => refuse(quota, row as Count | undefined) },
  ];
}

interface Count {
  queued: number;
  stored: number;
}

const count = (workspace: string) => ({
  name: 'count-towards-quota',
  text: `select (${queuedRuns}) as queued, (${storedBytes}) as stored`,
  values: [workspace],
});

function refuse(quota: QuotaRow, found: Count | undefined): void {
  if (!found) throw new Error('an aggregate returned no row');
  if (quota.queuedRuns !== null && found.queued >= quota.queuedRuns)
    throw tooMany(`${found.queued} runs of the workspace are queued, its quota is ${quota.queuedRuns}`, retryAfter.queue);
  if (quota.storageBytes !== null && found.stored >= quota.storageBytes)
    throw tooMany(`the workspace stores ${found.stored} bytes, its quota is ${quota.storageBytes}`, retryAfter.storage);
}

const tooMany = (detail: string, seconds: number): Problem =>
  new Problem({ status: 429, title: 'Too many requests', detail, headers: { 'retry-after': String(seconds) } });
