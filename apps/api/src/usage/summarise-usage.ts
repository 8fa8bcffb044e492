import type { Database } from '@runnel/postgres';

/** By what usage is summed up, and how each group is named. */
const groupings = {
  day: `to_char(l.at at time zone 'utc', 'YYYY-MM-DD')`,
  month: `to_char(l.at at time zone 'utc', 'YYYY-MM')`,
  process: `coalesce(r.process_workspace || '/' || r.process_id, '')`,
  run: 'l.run_id::text',
  step: `regexp_replace(l.step, '\\[\\d+\\]', '', 'g')`,
  caller: `coalesce(r.workspace, '')`,
  workspace: 'l.workspace',
} as const;

export type Grouping = keyof typeof groupings;
export const groupingNames = Object.keys(groupings) as [Grouping, ...Grouping[]];

/** Sums of the ledger, corrections included; what is billed is `cpuSeconds` and `memoryGbSeconds`. */
export interface UsageSum {
  readonly attempts: number;
  readonly corrections: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly memoryGbSeconds: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
}

export type UsageGroup = UsageSum & Readonly<Partial<Record<Grouping, string>>>;

export interface UsageSpan {
  /** undefined: of all workspaces. */
  readonly workspace: string | undefined;
  readonly from: Date;
  readonly to: Date;
}

const sums = `count(*) filter (where l.correction is null)::int as attempts, count(l.correction)::int as corrections,
  coalesce(sum(l.wall_seconds), 0) as "wallSeconds", coalesce(sum(l.cpu_seconds), 0) as "cpuSeconds",
  coalesce(sum(l.memory_gb_seconds), 0) as "memoryGbSeconds", coalesce(sum(l.input_bytes), 0) as "inputBytes",
  coalesce(sum(l.output_bytes), 0) as "outputBytes"`;
const where = '($1::text is null or l.workspace = $1) and l.at >= $2 and l.at < $3';

/** What ended from `from` on and before `to`, by groups in their order, and in all. Groups beyond `limit` are in the total alone. */
export async function summariseUsage(
  { pool }: Pick<Database, 'pool'>,
  { workspace, from, to }: UsageSpan,
  by: readonly Grouping[],
  limit: number,
): Promise<{ groups: UsageGroup[]; total: UsageSum; more: boolean }> {
  const names = by.map((name) => `${groupings[name]} as "${name}"`);
  const values = [workspace ?? null, from, to];
  const total = await pool.query<UsageSum>({ name: 'usage-total', text: `select ${sums} from ledger l where ${where}`, values });
  if (!total.rows[0]) throw new Error('an aggregate returned no row');
  if (by.length === 0) return { groups: [], total: total.rows[0], more: false };
  const places = by.map((_name, index) => index + 1).join(', ');
  const { rows } = await pool.query<UsageGroup>({
    text: `
select ${names.join(', ')}, ${sums} from ledger l left join runs r on r.id = l.run_id
where ${where} group by ${places} order by ${places} limit ${limit + 1}`,
    values,
  });
  return { groups: rows.slice(0, limit), total: total.rows[0], more: rows.length > limit };
}

/** What a run of a process has used before: half of them less than `median`, nine of ten less than `high`. */
export interface Estimate {
  readonly runs: number;
  readonly cpuSeconds: Spread | undefined;
  readonly memoryGbSeconds: Spread | undefined;
  /** From its start to its end. */
  readonly wallSeconds: Spread | undefined;
}
type Spread = { readonly median: number; readonly high: number };

/** From the latest hundred runs of the process that succeeded in this workspace's name. */
export async function estimateRun(
  { pool }: Pick<Database, 'pool'>,
  { workspace, owner, process }: { workspace: string; owner: string; process: string },
): Promise<Estimate> {
  const { rows } = await pool.query<{ runs: number; cpu: number[] | null; memory: number[] | null; wall: number[] | null }>({
    name: 'estimate-run',
    text: `
with latest as (
  select id, extract(epoch from finished_at - started_at)::float8 as wall from runs
  where workspace = $1 and process_workspace = $2 and process_id = $3 and phase = 'successful' order by created_at desc limit 100
), used as (
  select l.wall, coalesce(sum(u.cpu_seconds), 0) as cpu, coalesce(sum(u.memory_gb_seconds), 0) as memory
  from latest l left join ledger u on u.run_id = l.id group by l.id, l.wall
)
select count(*)::int as runs, percentile_cont(array[0.5, 0.9]) within group (order by cpu) as cpu,
  percentile_cont(array[0.5, 0.9]) within group (order by memory) as memory,
  percentile_cont(array[0.5, 0.9]) within group (order by wall) as wall
from used`,
    values: [workspace, owner, process],
  });
  const [row] = rows;
  if (!row) throw new Error('an aggregate returned no row');
  const spread = (found: number[] | null): Spread | undefined =>
    found?.[0] === undefined || found[1] === undefined ? undefined : { median: found[0], high: found[1] };
  return { runs: row.runs, cpuSeconds: spread(row.cpu), memoryGbSeconds: spread(row.memory), wallSeconds: spread(row.wall) };
}
