import { hash } from 'node:crypto';
import type { Database } from '@runnel/postgres';
import { alongLabels, type Label } from './list/along-labels.ts';
import { alongRuns } from './list/along-runs.ts';
import { alongWords, idsThatBegin, processesWith } from './list/by-text.ts';
import { isUpwards, type Bind, type ListFilter } from './list/conditions.ts';
import type { RunFilter } from './run-filter.ts';
import type { RunRow } from './run-row.ts';

/** Runs of a workspace, newest first unless told otherwise. */
export async function listRuns({ pool }: Pick<Database, 'pool'>, { text, ...filter }: RunFilter): Promise<RunRow[]> {
  const rows =
    text === undefined ? (await pool.query<RunRow>(listStatement(filter))).rows : await listByText({ pool }, filter, text.toLowerCase());
  return filter.before ? rows.reverse() : rows;
}

interface Statement {
  name?: string;
  text: string;
  values: unknown[];
}

/**
 * The statement holds only the conditions that are asked for, so that each page is read along an index, however many runs there are: processes and
 * phases one beside the other, labels along the table that has a row for each.
 */
function listStatement(filter: ListFilter): Statement {
  const [first, ...others] = Object.entries(filter.labels ?? {}) as Label[];
  return statement((bind) => (first ? alongLabels(filter, [first, ...others], bind) : alongRuns(filter, bind)));
}

function statement(make: (bind: Bind) => string, isNamed = true): Statement {
  const values: unknown[] = [];
  const text = make((value) => `$${values.push(value)}`);
  return { ...(isNamed ? { name: `list-runs-${hash('sha256', text).slice(0, 16)}` } : {}), text, values };
}

/** Where the text may stand leads to the runs on three ways, each along an index; their first pages hold the page. */
async function listByText({ pool }: Pick<Database, 'pool'>, filter: ListFilter, text: string): Promise<RunRow[]> {
  const { limit, skip = 0, workspace, executing } = filter;
  const part = { ...filter, limit: limit + skip, skip: 0 };
  const ids = idsThatBegin(text);
  const statements = [
    ...(executing === true ? [listStatement({ ...part, processText: text })] : await ofProcesses()),
    // Planned for its text each time: how many have it decides how they are looked for.
    statement((bind) => alongWords(part, text, bind), false),
    ...(ids ? [listStatement({ ...part, idBetween: ids })] : []),
  ];
  const found = new Map<string, RunRow>();
  for (const one of statements) for (const row of (await pool.query<RunRow>(one)).rows) found.set(row.id, row);
  const side = isUpwards(filter) ? 1 : -1;
  return [...found.values()].sort((one, other) => side * compare(one, other)).slice(skip, skip + limit);

  async function ofProcesses(): Promise<Statement[]> {
    const named = await processesWith({ pool }, workspace, text);
    const processes = filter.processes ? named.filter((process) => filter.processes?.includes(process)) : named;
    return processes.length === 0 ? [] : [listStatement({ ...part, processes })];
  }
}

const compare = (one: RunRow, other: RunRow): number =>
  one.createdAt.getTime() - other.createdAt.getTime() || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);

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
