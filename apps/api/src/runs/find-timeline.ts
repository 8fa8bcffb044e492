import type { Database } from '@runnel/postgres';

/** All requested elements of one node, wherever it lies in scattered workflows: `sub[2]/merge[1]` belongs to `sub/merge`. */
export interface NodeTimes {
  readonly node: string;
  readonly requested: number;
  readonly running: number;
  readonly successful: number;
  readonly failed: number;
  /** To be tried again. */
  readonly waiting: number;
  readonly firstRequested: Date;
  readonly firstStarted: Date | null;
  /** Of the last one that has ended. */
  readonly lastFinished: Date | null;
}

/** One element, where they are few. */
export interface ElementTimes {
  readonly node: string;
  readonly step: string;
  readonly attempt: number;
  readonly state: string;
  readonly requested: Date;
  readonly started: Date | null;
  readonly finished: Date | null;
}

/** How many elements of a node began to be staged, to run, and ended within one part of the run's time. */
export interface Change {
  readonly node: string;
  /** From 0; the run's time is cut into `parts` of equal length. */
  readonly part: number;
  readonly staged: number;
  readonly started: number;
  readonly ended: number;
}

type Pool = Pick<Database, 'pool'>;

/** Path of a step without the indices of its elements. */
const node = `regexp_replace(step, '\\[\\d+\\]', '', 'g')`;

export async function findNodeTimes({ pool }: Pool, run: string): Promise<NodeTimes[]> {
  const { rows } = await pool.query<NodeTimes>({
    name: 'timeline-nodes',
    text: `
select ${node} as node,
  (count(*) filter (where state = 'requested'))::int as requested,
  (count(*) filter (where state in ('running', 'stopping')))::int as running,
  (count(*) filter (where state = 'successful'))::int as successful,
  (count(*) filter (where state in ('failed', 'stopped')))::int as failed,
  (count(*) filter (where state = 'waiting'))::int as waiting,
  min(requested_at) as "firstRequested", min(started_at) as "firstStarted", max(finished_at) as "lastFinished"
from steps where run_id = $1 group by 1 order by min(requested_at), 1`,
    values: [run],
  });
  return rows;
}

/** Elements of these nodes, in the order in which they were asked for. */
export async function findElementTimes({ pool }: Pool, run: string, nodes: readonly string[]): Promise<ElementTimes[]> {
  if (nodes.length === 0) return [];
  const { rows } = await pool.query<ElementTimes>({
    name: 'timeline-elements',
    text: `
select * from (
  select ${node} as node, step, attempt, state, requested_at as requested, started_at as started, finished_at as finished
  from steps where run_id = $1
) all_steps where node = any($2) order by requested, step`,
    values: [run, nodes],
  });
  return rows;
}

/** What changed in the other nodes, by parts of the time between two instants. */
export async function findChanges(
  { pool }: Pool,
  run: string,
  { nodes, from, to, parts }: { nodes: readonly string[]; from: Date; to: Date; parts: number },
): Promise<Change[]> {
  if (nodes.length === 0) return [];
  const { rows } = await pool.query<Change>({
    name: 'timeline-changes',
    text: `
select node, least(greatest(width_bucket(extract(epoch from at), extract(epoch from $3::timestamptz), extract(epoch from $4::timestamptz), $5) - 1, 0), $5 - 1) as part,
  sum(staged)::int as staged, sum(started)::int as started, sum(ended)::int as ended
from (
  select ${node} as node, requested_at, started_at, finished_at from steps where run_id = $1
) all_steps,
lateral (values (requested_at, 1, 0, 0), (started_at, 0, 1, 0), (finished_at, 0, 0, 1)) change (at, staged, started, ended)
where node = any($2) and at is not null group by 1, 2 order by 1, 2`,
    values: [run, nodes, from, to, parts],
  });
  return rows;
}
