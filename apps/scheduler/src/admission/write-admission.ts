import type { ClientBase } from 'pg';
import type { Admission, Grant } from './admit.ts';
import type { DemandedNode } from './read-demand.ts';

/** A grant as it stands in the table. */
export interface WrittenGrant extends Grant {
  id: string;
  /** Nothing is granted: the node is refused, for this reason. */
  refusal: string | null;
}

/**
 * Writes the grants, and the reasons that changed, in one statement. A reason is a courtesy: a row that its run's owner writes in this instant is
 * passed over.
 */
export async function writeAdmission(
  client: ClientBase,
  { grants, refusals, reasons }: Admission,
  waiting: readonly DemandedNode[],
): Promise<WrittenGrant[]> {
  const known = new Map(waiting.map((node) => [`${node.run} ${node.node}`, node.reason]));
  const changed = reasons.filter((found) => known.get(`${found.run} ${found.node}`) !== found.reason);
  const given = [
    ...grants.map((grant) => ({ ...grant, refusal: null })),
    ...refusals.map(({ reason, ...node }) => ({ ...node, executor: '', count: 0, cores: 0, memoryMiB: 0, refusal: reason })),
  ];
  if (given.length === 0 && changed.length === 0) return [];
  const { rows } = await client.query<{ id: string }>({
    name: 'write-admission',
    text: `
with granted as (
  insert into grants (run_id, node, workspace, executor, count, cores, memory_mib, refusal)
  select run_id, node, workspace, executor, count, cores, memory_mib, refusal
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::float8[], $7::float8[], $11::text[])
    with ordinality as g (run_id, node, workspace, executor, count, cores, memory_mib, refusal, place)
  order by place
  returning id
), free as (
  select r.run_id, r.node, c.reason from ready_nodes r join unnest($8::uuid[], $9::text[], $10::text[]) as c (run_id, node, reason)
    on r.run_id = c.run_id and r.node = c.node
  for update of r skip locked
), told as (
  update ready_nodes r set reason = f.reason from free f where r.run_id = f.run_id and r.node = f.node
)
select id from granted order by id`,
    values: [
      given.map((grant) => grant.run),
      given.map((grant) => grant.node),
      given.map((grant) => grant.workspace),
      given.map((grant) => grant.executor),
      given.map((grant) => grant.count),
      given.map((grant) => grant.cores),
      given.map((grant) => grant.memoryMiB),
      changed.map((reason) => reason.run),
      changed.map((reason) => reason.node),
      changed.map((reason) => reason.reason),
      given.map((grant) => grant.refusal),
    ],
  });
  // Rows are numbered in the order in which they were inserted.
  return given.map((grant, index) => ({ ...grant, id: rows[index]?.id ?? '' }));
}
