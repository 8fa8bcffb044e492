import type { Database } from '@runnel/postgres';
import { notifyChanged } from '../workspaces/workspace-changes.ts';

/** What a workspace may have, and its part of the machine; null: no limit. */
export interface QuotaRow {
  readonly weight: number;
  readonly priority: number;
  readonly steps: number | null;
  readonly cores: number | null;
  readonly memoryMiB: number | null;
  readonly storageBytes: number | null;
  readonly queuedRuns: number | null;
  /** Of a run that asks for nothing, and the most that one may ask for; the same of each attempt at a step. */
  readonly runSeconds: number | null;
  readonly mostRunSeconds: number | null;
  readonly stepSeconds: number | null;
  readonly mostStepSeconds: number | null;
  readonly uploadBytes: number | null;
  readonly requestsPerSecond: number | null;
}

/** What of it is in use. */
export interface QuotaUse {
  readonly steps: number;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly storageBytes: number;
  readonly queuedRuns: number;
}

/** Of a workspace without a row: weight 1 and no limits. */
export const noQuota: QuotaRow = {
  weight: 1,
  priority: 0,
  steps: null,
  cores: null,
  memoryMiB: null,
  storageBytes: null,
  queuedRuns: null,
  runSeconds: null,
  mostRunSeconds: null,
  stepSeconds: null,
  mostStepSeconds: null,
  uploadBytes: null,
  requestsPerSecond: null,
};

/** Of the table `quotas` as `q`, also where a join finds no row in it. */
export const quotaColumns = `coalesce(weight, 1) as weight, coalesce(priority, 0) as priority, q.steps, cores, memory_mib as "memoryMiB",
  storage_bytes::float8 as "storageBytes", queued_runs as "queuedRuns", run_seconds as "runSeconds", most_run_seconds as "mostRunSeconds",
  step_seconds as "stepSeconds", most_step_seconds as "mostStepSeconds", upload_bytes::float8 as "uploadBytes",
  requests_per_second as "requestsPerSecond"`;

type Services = Pick<Database, 'pool'>;

/** As it stands in the table: `KnownWorkspaces` has it without asking. */
export async function findQuota({ pool }: Services, workspace: string): Promise<QuotaRow> {
  const { rows } = await pool.query<QuotaRow>({
    name: 'find-quota',
    text: `select ${quotaColumns} from quotas q where workspace = $1`,
    values: [workspace],
  });
  return rows[0] ?? noQuota;
}

/** In force with the next admission, and for the next execution. */
export async function storeQuota({ pool }: Services, workspace: string, quota: QuotaRow, by: string): Promise<void> {
  const { weight, priority, steps, cores, memoryMiB, storageBytes, queuedRuns, uploadBytes, requestsPerSecond } = quota;
  const { runSeconds, mostRunSeconds, stepSeconds, mostStepSeconds } = quota;
  await pool.query({
    name: 'store-quota',
    text: `
insert into quotas (workspace, weight, priority, steps, cores, memory_mib, storage_bytes, queued_runs, updated_by, updated_at,
  run_seconds, most_run_seconds, step_seconds, most_step_seconds, upload_bytes, requests_per_second)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now(), $10, $11, $12, $13, $14, $15)
on conflict (workspace) do update set weight = excluded.weight, priority = excluded.priority, steps = excluded.steps, cores = excluded.cores,
  memory_mib = excluded.memory_mib, storage_bytes = excluded.storage_bytes, queued_runs = excluded.queued_runs, updated_by = excluded.updated_by,
  updated_at = excluded.updated_at, run_seconds = excluded.run_seconds, most_run_seconds = excluded.most_run_seconds,
  step_seconds = excluded.step_seconds, most_step_seconds = excluded.most_step_seconds, upload_bytes = excluded.upload_bytes,
  requests_per_second = excluded.requests_per_second
returning ${notifyChanged}`,
    values: [
      workspace,
      weight,
      priority,
      steps,
      cores,
      memoryMiB,
      storageBytes,
      queuedRuns,
      by,
      runSeconds,
      mostRunSeconds,
      stepSeconds,
      mostStepSeconds,
      uploadBytes,
      requestsPerSecond,
    ],
  });
}

/** Runs of a workspace that have not ended and of which no step was asked for yet. */
export const queuedRuns = `
select count(*)::int from runs r
where coalesce(r.executing_workspace, r.workspace) = $1 and r.finished_at is null and not exists (select from steps s where s.run_id = r.id)`;
export const storedBytes = 'select coalesce(sum(size), 0)::float8 from objects where workspace = $1';

export async function quotaUse({ pool }: Services, workspace: string): Promise<QuotaUse> {
  const { rows } = await pool.query<QuotaUse>({
    name: 'quota-use',
    text: `
select coalesce(sum(steps), 0)::int as steps, coalesce(sum(cores), 0) as cores, coalesce(sum(memory_mib), 0) as "memoryMiB",
  (${queuedRuns}) as "queuedRuns", (${storedBytes}) as "storageBytes"
from (
  select 1 as steps, cores, memory_mib from steps where workspace = $1 and state in ('requested', 'running', 'stopping')
  union all select count, count * cores, count * memory_mib from grants where workspace = $1
) used`,
    values: [workspace],
  });
  if (!rows[0]) throw new Error('an aggregate returned no row');
  return rows[0];
}
