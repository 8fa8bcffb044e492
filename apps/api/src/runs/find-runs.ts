import { hash } from 'node:crypto';
import { RunStatus } from '@runnel/contracts';
import { readTogether, type Database } from '@runnel/postgres';
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
  /** The run from which it goes on. */
  readonly resumes: string | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly updatedAt: Date;
}

export const runColumns = `id, workspace, coalesce(executing_workspace, workspace) as "executingWorkspace",
  process_workspace as "processWorkspace", process_id as "processId", process_version as "processVersion",
  process_digest as "processDigest", phase, progress, message, version, failure, attention, document, name, labels,
  priority, weight, stopped, request, resumes,
  created_at as "createdAt", started_at as "startedAt", finished_at as "finishedAt", updated_at as "updatedAt"`;

const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const isFinal = (phase: RunStatus): boolean => phase === 'successful' || phase === 'failed' || phase === 'dismissed';

interface RunKey {
  readonly workspace: string;
  readonly id: string;
}

const readRun = readTogether<RunKey, RunRow>(async (pool, keys) => {
  const { rows } = await pool.query<RunRow & { at: string }>({
    name: 'find-runs',
    text: `select wanted.at, ${runColumns} from unnest($1::uuid[], $2::text[]) with ordinality wanted (run, caller, at)
join runs on id = wanted.run and wanted.caller in (workspace, executing_workspace) and forgotten_at is null and deleted_at is null`,
    values: [keys.map(({ id }) => id), keys.map(({ workspace }) => workspace)],
  });
  const found = new Map(rows.map(({ at, ...row }) => [Number(at), row]));
  return keys.map((_, index) => found.get(index + 1));
});

/** A run of a workspace, or one that executes there; undefined for what is no id, unknown, forgotten, or another workspace's. */
export async function findRun({ pool }: Pick<Database, 'pool'>, workspace: string, id: string): Promise<RunRow | undefined> {
  return idPattern.test(id) ? readRun(pool, { workspace, id }) : undefined;
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
  const { rows } = await pool.query<RunRow>(listStatement(filter));
  return filter.before ? rows.reverse() : rows;
}

const seconds = 'extract(epoch from coalesce(finished_at, now()) - started_at)';

type Bind = (value: unknown) => string;

/**
 * The statement holds only the conditions that are asked for, so that each page is read along an index, however many runs there are: processes and
 * phases one beside the other, labels along the table that has a row for each.
 */
function listStatement(filter: RunFilter): { name: string; text: string; values: unknown[] } {
  const values: unknown[] = [];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const [first, ...others] = Object.entries(filter.labels ?? {});
  const text = first ? alongLabels(filter, first, others, bind) : alongRuns(filter, bind);
  return { name: `list-runs-${hash('sha256', text).slice(0, 16)}`, text, values };
}

function alongRuns(filter: RunFilter, bind: Bind): string {
  const { phases, processes, limit, skip = 0 } = filter;
  const upwards = isUpwards(filter);
  const order = upwards ? 'created_at, id' : 'created_at desc, id desc';
  const page = pageOf(filter, bind);
  const among = processes !== undefined && isLedByProcess(filter) ? processes : undefined;
  const where = [
    ...conditionsOf(filter, bind),
    ...boundsOf(filter, 'created_at', 'id', bind),
    ...(processes === undefined || among ? [] : [`process_id = any(${bind(processes)}::text[])`]),
  ];
  const read = (more: readonly string[]): string =>
    `select ${runColumns} from runs where ${[...where, ...more].join(' and ')} order by ${order}`;
  if (phases === undefined && among === undefined) return `${read([])} ${page}`;
  const places = [
    `unnest(${bind(unique(phases ?? RunStatus.options))}::text[]) p (phase)`,
    ...(among ? [`unnest(${bind(unique(among))}::text[]) q (process)`] : []),
  ];
  return `select r.* from ${places.join(' cross join ')}
cross join lateral (${read(['phase = p.phase', ...(among ? ['process_id = q.process'] : [])])} limit ${bind(limit + skip)}::int) r
order by ${upwards ? '"createdAt", id' : '"createdAt" desc, id desc'} ${page}`;
}

const unique = (names: readonly string[]): string[] => [...new Set(names)];

/** Names and ids lead to fewer runs; what executes elsewhere has no such index. */
const isLedByProcess = ({ name, ids, executing }: RunFilter): boolean => name === undefined && ids === undefined && executing !== true;

type Label = readonly [name: string, value: string];

/** Run by run in the order of the first label's rows: the limit within keeps the database from joining whole tables and sorting them. */
function alongLabels(filter: RunFilter, first: Label, others: readonly Label[], bind: Bind): string {
  const { phases, processes } = filter;
  const workspace = `${bind(filter.workspace)}::text`;
  const has = (table: string, [name, value]: Label): string =>
    `${table}.workspace = ${workspace} and ${table}.name = ${bind(name)}::text and ${table}.value = ${bind(value)}::text`;
  const order = isUpwards(filter) ? 'l.created_at, l.run_id' : 'l.created_at desc, l.run_id desc';
  const conditions = [
    'id = l.run_id',
    ...conditionsOf(filter, bind),
    ...(phases === undefined ? [] : [`phase = any(${bind(phases)}::text[])`]),
    ...(processes === undefined ? [] : [`process_id = any(${bind(processes)}::text[])`]),
  ];
  const joined = others.map(
    (label, n) => `join run_labels o${n} on o${n}.created_at = l.created_at and o${n}.run_id = l.run_id and ${has(`o${n}`, label)}`,
  );
  return `select r.* from run_labels l ${joined.join(' ')}
cross join lateral (select ${runColumns} from runs where ${conditions.join(' and ')} limit 1) r
where ${[has('l', first), ...boundsOf(filter, 'l.created_at', 'l.run_id', bind)].join(' and ')} order by ${order} ${pageOf(filter, bind)}`;
}

const isUpwards = ({ before, ascending = false }: RunFilter): boolean => before !== undefined || ascending;

const pageOf = ({ limit, skip = 0 }: RunFilter, bind: Bind): string =>
  `limit ${bind(limit)}::int${skip === 0 ? '' : ` offset ${bind(skip)}::int`}`;

function conditionsOf(filter: RunFilter, bind: Bind): string[] {
  const { ids, name, text, minDuration, maxDuration } = filter;
  return [
    `${filter.executing === true ? 'executing_workspace' : 'workspace'} = ${bind(filter.workspace)}::text`,
    'forgotten_at is null and deleted_at is null',
    ...(ids === undefined ? [] : [`id = any(${bind(ids)}::uuid[])`]),
    ...(name === undefined ? [] : [`name = ${bind(name)}::text`]),
    ...(text === undefined ? [] : [mentions(text.toLowerCase(), bind)]),
    ...(minDuration === undefined ? [] : [`${seconds} >= ${bind(minDuration)}::float8`]),
    ...(maxDuration === undefined ? [] : [`${seconds} <= ${bind(maxDuration)}::float8`]),
  ];
}

/** In process, name or the value of a label; or the beginning of the id, where the text can be one: it then has none of LIKE's characters. */
function mentions(text: string, bind: Bind): string {
  const given = `${bind(text)}::text`;
  const begins = /^[0-9a-f-]+$/.test(text) ? ` or id::text like ${bind(`${text}%`)}::text` : '';
  return `(strpos(lower(process_id), ${given}) > 0 or strpos(lower(coalesce(name, '')), ${given}) > 0${begins}
    or labels <> '{}' and exists (select from jsonb_each_text(labels) label where strpos(lower(label.value), ${given}) > 0))`;
}

/** Of what is asked for, what bounds the index along which a list is read. */
function boundsOf(filter: RunFilter, createdAt: string, id: string, bind: Bind): string[] {
  const { createdFrom, createdTo } = filter;
  const edge = filter.before ?? filter.after;
  const side = isUpwards(filter) ? '>' : '<';
  return [
    ...(createdFrom === undefined ? [] : [`${createdAt} >= ${bind(createdFrom)}::timestamptz`]),
    ...(createdTo === undefined ? [] : [`${createdAt} <= ${bind(createdTo)}::timestamptz`]),
    ...(edge === undefined ? [] : [`(${createdAt}, ${id}) ${side} (${bind(edge.createdAt)}::timestamptz, ${bind(edge.id)}::uuid)`]),
  ];
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
where workspace = $1 and forgotten_at is null and deleted_at is null and ($2::text[] is null or phase = any($2)) and ($3::text[] is null or process_id = any($3))`,
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
