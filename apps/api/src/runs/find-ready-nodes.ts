import type { Database } from '@runnel/postgres';

/** Where a node with elements that may start stands. */
export interface ReadyNodeRow {
  readonly node: string;
  /** What the admitter says of it: more than the run itself knows. */
  readonly reason: string | null;
  readonly since: Date;
  /** Steps of the workspace that have waited longer. */
  readonly ahead: number;
}

/** Nodes of a run that wait for admission, by name. */
export async function findReadyNodes({ pool }: Pick<Database, 'pool'>, run: string): Promise<Map<string, ReadyNodeRow>> {
  const { rows } = await pool.query<ReadyNodeRow>({
    name: 'ready-nodes-of-run',
    text: `
select r.node, r.reason, r.since,
  (select coalesce(sum(o.count), 0)::int from ready_nodes o where o.workspace = r.workspace and o.since < r.since) as ahead
from ready_nodes r where r.run_id = $1`,
    values: [run],
  });
  return new Map(rows.map((row) => [row.node, row]));
}
