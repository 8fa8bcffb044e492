import type { Database } from '@runnel/postgres';
import type { RunDetails } from './run-details.ts';

/** What the owner of a run may say of it, also while it runs. */
export interface RunChanges extends RunDetails {
  /** Among the runs of its workspace. */
  readonly priority?: number | undefined;
  readonly weight?: number | undefined;
}

/** Changes what is named; labels are replaced as a whole. */
export async function changeRun({ pool }: Pick<Database, 'pool'>, run: string, changes: RunChanges): Promise<void> {
  const { name, labels, priority = null, weight = null } = changes;
  await pool.query({
    name: 'change-run',
    text: `
update runs set name = case when $2 then $3 else name end, labels = coalesce($4::jsonb, labels), priority = coalesce($5, priority),
  weight = coalesce($6, weight)
where id = $1 and deleted_at is null`,
    values: [run, name !== undefined, name ?? null, labels === undefined ? null : JSON.stringify(labels), priority, weight],
  });
}
