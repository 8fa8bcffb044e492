import type { Database } from '@runnel/postgres';

/** The current attempt of one requested element. */
export interface StepRow {
  readonly step: string;
  readonly attempt: number;
  /** requested, running, successful, failed, waiting, stopping, stopped */
  readonly state: string;
  readonly executor: string | null;
  readonly requestedAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly exitCode: number | null;
  readonly failure: { readonly class: string; readonly reason: string } | null;
  /** Whose result it is: nothing was carried out. */
  readonly reused: { readonly run: string; readonly step: string; readonly attempt: number } | null;
  /** Log objects in order; known once the attempt has ended. */
  readonly logs: readonly { readonly key: string; readonly size: number }[] | null;
}

const columns = `step, attempt, state, executor, requested_at as "requestedAt", started_at as "startedAt", finished_at as "finishedAt",
  exit_code as "exitCode", failure, reused, logs`;

/** Requested elements of a run after a path, in the order of their paths. */
export async function findSteps({ pool }: Pick<Database, 'pool'>, run: string, after: string, limit: number): Promise<StepRow[]> {
  const { rows } = await pool.query<StepRow>({
    name: 'find-steps',
    text: `select ${columns} from steps where run_id = $1 and step > $2 order by step limit $3`,
    values: [run, after, limit],
  });
  return rows;
}

export async function findStep({ pool }: Pick<Database, 'pool'>, run: string, step: string): Promise<StepRow | undefined> {
  const { rows } = await pool.query<StepRow>({
    name: 'find-step',
    text: `select ${columns} from steps where run_id = $1 and step = $2`,
    values: [run, step],
  });
  return rows[0];
}
