import type { ClientBase } from 'pg';
import type { Admission, Grant } from './admit.ts';
import type { Demand } from './read-demand.ts';

/** A grant as it stands in the table. */
export interface WrittenGrant extends Grant {
  id: string;
}

/**
 * Writes the grants, and the reasons that changed, in one statement. A reason is a courtesy: a row that its run's owner writes in this instant is
 * passed over.
 */
export async function writeAdmission(client: ClientBase, { grants, reasons }: Admission, { waiting }: Demand): Promise<WrittenGrant[]> {
  const known = new Map(waiting.map((node) => [`${node.run} ${node.node}`, node.reason]));
  const changed = reasons.filter((found) => known.get(`${found.run} ${found.node}`) !== found.reason);
  if (grants.length === 0 && changed.length === 0) return [];
  const { rows } = await client.query<{ id: string }>({
    name: 'write-admission',
    text: `
with granted as (
  insert into grants (run_id, node, workspace, executor, count, cores, memory_mib)
  select run_id, node, workspace, executor, count, cores, memory_mib
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::float8[], $7::float8[])
    with ordinality as g (run_id, node, workspace, executor, count, cores, memory_mib, place)
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
      grants.map((grant) => grant.run),
      grants.map((grant) => grant.node),
      grants.map((grant) => grant.workspace),
      grants.map((grant) => grant.executor),
      grants.map((grant) => grant.count),
      grants.map((grant) => grant.cores),
      grants.map((grant) => grant.memoryMiB),
      changed.map((reason) => reason.run),
      changed.map((reason) => reason.node),
      changed.map((reason) => reason.reason),
    ],
  });
  // Rows are numbered in the order in which they were inserted.
  return grants.map((grant, index) => ({ ...grant, id: rows[index]?.id ?? '' }));
}
