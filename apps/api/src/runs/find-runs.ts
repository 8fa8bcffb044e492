import type { RunStatus } from '@runnel/contracts';
import type { Database } from '@runnel/postgres';
import type { WantedResults } from './wanted-results.ts';

/** A run as its projection shows it. */
export interface RunRow {
  readonly id: string;
  /** Whose run it is. */
  readonly workspace: string;
  /** Where it executes: whose its steps, their logs and its intermediate files are. */
  readonly executingWorkspace: string;
  readonly processWorkspace: string;
  readonly processId: string;
  readonly processVersion: string;
  readonly processDigest: string;
  readonly phase: RunStatus;
  /** 0 to 100. */
  readonly progress: number;
  readonly message: string;
  readonly version: number;
  readonly failure: { readonly class: string; readonly reason: string; readonly step?: string } | null;
  /** Why a person should look. */
  readonly attention: string | null;
  /** Object key of the result document. */
  readonly document: string | null;
  readonly name: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Among the runs of its workspace. */
  readonly priority: number;
  readonly weight: number;
  /** Nothing of it runs any more. */
  readonly stopped: boolean;
  /** How its caller wants the results; null where it said nothing. */
  readonly request: WantedResults | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly updatedAt: Date;
}

export const runColumns = `id, workspace, coalesce(executing_workspace, workspace) as "executingWorkspace",
  process_workspace as "processWorkspace", process_id as "processId", process_version as "processVersion",
  process_digest as "processDigest", phase, progress, message, version, failure, attention, document, name, labels,
  priority, weight, stopped, request,
  created_at as "createdAt", started_at as "startedAt", finished_at as "finishedAt", updated_at as "updatedAt"`;

const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const isFinal = (phase: RunStatus): boolean => phase === 'successful' || phase === 'failed' || phase === 'dismissed';

/** A run of a workspace, or one that executes there; undefined for what is no id, unknown, forgotten, or another workspace's. */
export async function findRun({ pool }: Pick<Database, 'pool'>, workspace: string, id: string): Promise<RunRow | undefined> {
  if (!idPattern.test(id)) return undefined;
  const { rows } = await pool.query<RunRow>({
    name: 'find-run',
    text: `select ${runColumns} from runs where id = $1 and $2 in (workspace, executing_workspace) and forgotten_at is null`,
    values: [id, workspace],
  });
  return rows[0];
}

/** Place of a run in the list. */
export interface Position {
  readonly createdAt: string;
  readonly id: string;
}

export interface RunFilter {
  readonly workspace: string;
  readonly phases?: readonly RunStatus[] | undefined;
  readonly processes?: readonly string[] | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  /** In what people remember of a run: process, name, values of labels; or the beginning of its id. Case does not matter. */
  readonly text?: string | undefined;
  /** All of these. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Accepted at or after this instant, and before or at that one (RFC 3339). */
  readonly createdFrom?: string | undefined;
  readonly createdTo?: string | undefined;
  /** Seconds from start to end, or until now; runs that have not started drop out. */
  readonly minDuration?: number | undefined;
  readonly maxDuration?: number | undefined;
  /** Where the page before ended. */
  readonly after?: Position | undefined;
  /** Where the page behind begins: the ones just before that, in the same order. */
  readonly before?: Position | undefined;
  readonly limit: number;
  /** Those of others that execute in the workspace, instead of its own. */
  readonly executing?: boolean;
  /** Oldest first; `after` is then the place of a newer one. */
  readonly ascending?: boolean;
  /** So many of the newest are passed over. */
  readonly skip?: number;
}

/** Runs of a workspace, newest first unless told otherwise. */
export async function listRuns({ pool }: Pick<Database, 'pool'>, filter: RunFilter): Promise<RunRow[]> {
  const { after, before, ascending = false } = filter;
  const upwards = before !== undefined || ascending;
  const seconds = 'extract(epoch from coalesce(finished_at, now()) - started_at)';
  const column = filter.executing === true ? 'executing_workspace' : 'workspace';
  const { rows } = await pool.query<RunRow>({
    name: `list-runs-by-${column}${upwards ? '-upwards' : ''}`,
    text: `
select ${runColumns} from runs
where ${column} = $1 and forgotten_at is null
  and ($2::text[] is null or phase = any($2))
  and ($3::text[] is null or process_id = any($3))
  and ($4::timestamptz is null or created_at >= $4)
  and ($5::timestamptz is null or created_at <= $5)
  and ($6::double precision is null or ${seconds} >= $6)
  and ($7::double precision is null or ${seconds} <= $7)
  and ${
    upwards
      ? `(created_at, id) > (coalesce($8::timestamptz, '-infinity'), coalesce($9::uuid, '00000000-0000-0000-0000-000000000000'))`
      : `(created_at, id) < (coalesce($8::timestamptz, 'infinity'), coalesce($9::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))`
  }
  and ($12::uuid[] is null or id = any($12))
  and ($13::text is null or name = $13)
  and ($14::jsonb is null or labels @> $14)
  and ($15::text is null or strpos(lower(process_id), $15) > 0 or strpos(lower(name), $15) > 0 or id::text like $16
    or exists (select from jsonb_each_text(labels) label where strpos(lower(label.value), $15) > 0))
order by ${upwards ? 'created_at, id' : 'created_at desc, id desc'} limit $10 offset $11`,
    values: [
      filter.workspace,
      filter.phases ?? null,
      filter.processes ?? null,
      filter.createdFrom ?? null,
      filter.createdTo ?? null,
      filter.minDuration ?? null,
      filter.maxDuration ?? null,
      (before ?? after)?.createdAt ?? null,
      (before ?? after)?.id ?? null,
      filter.limit,
      filter.skip ?? 0,
      filter.ids ?? null,
      filter.name ?? null,
      filter.labels === undefined ? null : JSON.stringify(filter.labels),
      filter.text?.toLowerCase() ?? null,
      // An id has none of the characters that LIKE knows; a text with them is no beginning of one.
      /^[0-9a-f-]+$/i.test(filter.text ?? '') ? `${filter.text?.toLowerCase()}%` : '',
    ],
  });
  return before ? rows.reverse() : rows;
}

/** How many runs of a workspace a filter lets through, whatever the page. */
export async function countRuns(
  { pool }: Pick<Database, 'pool'>,
  filter: Pick<RunFilter, 'workspace' | 'phases' | 'processes'>,
): Promise<number> {
  const { rows } = await pool.query<{ count: number }>({
    name: 'count-runs',
    text: `
select count(*)::int as count from runs
where workspace = $1 and forgotten_at is null and ($2::text[] is null or phase = any($2)) and ($3::text[] is null or process_id = any($3))`,
    values: [filter.workspace, filter.phases ?? null, filter.processes ?? null],
  });
  return rows[0]?.count ?? 0;
}

/** Takes a run that has ended from its caller's list; what it published stays. */
export async function forgetRun({ pool }: Pick<Database, 'pool'>, workspace: string, run: string): Promise<void> {
  await pool.query({
    name: 'forget-run',
    text: 'update runs set forgotten_at = now() where id = $1 and workspace = $2 and finished_at is not null',
    values: [run, workspace],
  });
}
