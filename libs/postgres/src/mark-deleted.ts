import { query, type Transaction } from './transaction.ts';

/** The label that keeps a run and everything it names, whatever its value. */
export const holdLabel = 'legal-hold';

export type Deletion = { readonly kind: 'marked' } | { readonly kind: 'missing' } | { readonly kind: 'refused'; readonly reason: string };

/**
 * Marks a run as deleted: nobody sees it from the commit on, and the ingester removes what it owned. Refused while something of it runs, while it is
 * held, and while an open run needs what is its own. Whoever begins to need it locks its row first (`needRun`).
 */
export async function markDeleted(tx: Transaction, run: string): Promise<Deletion> {
  const { rows } = await query<{ stopped: boolean; held: boolean; phase: string }>(tx, {
    name: 'lock-run-to-delete',
    text: `select stopped, labels ? '${holdLabel}' as held, phase from runs where id = $1 and deleted_at is null for update`,
    values: [run],
  });
  const found = rows[0];
  if (!found) return { kind: 'missing' };
  if (found.held) return { kind: 'refused', reason: `the run is held: its label ${holdLabel} has to go first` };
  if (!found.stopped) return { kind: 'refused', reason: `the run is ${found.phase} and not stopped yet: dismiss it, or wait` };
  // With a view of its own: what was committed before the lock was given is seen.
  const { rows: users } = await query<{ id: string }>(tx, { name: 'open-users-of-run', text: openUsers, values: [run] });
  if (users[0]) return { kind: 'refused', reason: `run ${users[0].id}, which has not ended, uses it` };
  await query(tx, { name: 'mark-run-deleted', text: 'update runs set deleted_at = now() where id = $1', values: [run] });
  return { kind: 'marked' };
}

/* Runs that go on from it, directly or through others, and those that were accepted with its results as inputs. */
const openUsers = `
with recursive chain as (
  select id, resumes, id as user_id from runs where finished_at is null and resumes is not null
  union all
  select r.id, r.resumes, c.user_id from chain c join runs r on r.id = c.resumes where r.resumes is not null
)
select user_id as id from chain where resumes = $1
union all
select r.id from runs r join events e on e.run_id = r.id and e.version = 1
where r.finished_at is null and strpos(e.data::text, '/results/' || $1::text || '/') > 0
limit 1`;

/** Keeps a run from being deleted until the transaction ends; false where it is deleted already. For who records that an open run needs it. */
export const needRun = (run: string) => ({
  name: 'need-run',
  text: 'select from runs where id = $1 and deleted_at is null for share',
  values: [run],
});
