import { outboxRows } from '@runnel/messaging';
import type { Messaging } from '@runnel/messaging';
import { inTransaction, insertOutbox } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import { acceptedOf } from '../runs/known-run.ts';
import type { KnownRun } from '../runs/known-run.ts';
import { stopsOf } from '../runs/messages-of.ts';
import { now } from '../runs/news.ts';
import { unconfirmed } from '../runs/project/runs-row.ts';
import type { News } from '../runs/news.ts';

export interface StopOptions {
  database: Database;
  sender: Pick<Messaging, 'service' | 'prefix'>;
  stateOf: (run: string) => Promise<KnownRun | undefined>;
  submit: (news: News) => Promise<void>;
  onQueued: () => void;
  /** Seconds after which a stop that is not confirmed is asked for again. */
  again: number;
  /** Seconds after which somebody should look (rule 10). */
  alert: number;
}

/**
 * Asks again for stops that are not confirmed, and marks runs that are over since `alert` seconds and still have attempts. Attempts
 * of open runs are stopped where an executor is emptied.
 */
export async function resendStops(options: StopOptions, partitions: readonly number[]): Promise<void> {
  const { database, stateOf, submit, again, alert } = options;
  const { rows } = await database.pool.query<{ run: string; overdue: boolean }>({
    name: 'unstopped-runs',
    text: `
select id as run, finished_at < now() - make_interval(secs => $3) as overdue from runs
where partition = any($1) and not stopped and phase in ('successful', 'failed', 'dismissed') and finished_at < now() - make_interval(secs => $2)
union all
select distinct s.run_id, false from steps s join runs r on r.id = s.run_id
where s.state = 'stopping' and r.partition = any($1) and r.finished_at is null and r.updated_at < now() - make_interval(secs => $2)`,
    values: [partitions, again, alert],
  });
  for (const { run, overdue } of rows) {
    const known = await stateOf(run);
    if (!known) continue;
    if (!known.inLine) await submit({ run, reload: true, command: { type: 'start-run', at: now() } });
    const attempts = known.engine.outstanding(known.state).attempts.filter((attempt) => attempt.state === 'stopping');
    if (attempts.length === 0) continue;
    crashPoint('scheduler.before-stop-again');
    await inTransaction(database, async (tx) => {
      await insertOutbox(tx, outboxRows(options.sender, stopsOf(run, acceptedOf(known.state).workspace, attempts)));
      if (overdue) await tx.query('update runs set attention = $2 where id = $1 and attention is null', [run, reasonOf(attempts, alert)]);
    });
    crashPoint('scheduler.after-stop-again');
    options.onQueued();
  }
}

function reasonOf(attempts: readonly { step: string; executor: string }[], seconds: number): string {
  const [first] = attempts;
  const others = attempts.length > 1 ? ` and ${attempts.length - 1} more` : '';
  return `${unconfirmed} after ${seconds} s: ${first?.step} on executor ${first?.executor}${others}`;
}
