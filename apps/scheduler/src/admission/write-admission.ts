import type { ClientBase } from 'pg';
import type { Admission } from './admit.ts';
import type { Demand } from './read-demand.ts';

/** Writes the grants, and the reasons that changed, in one statement. */
export async function writeAdmission(client: ClientBase, { grants, reasons }: Admission, { waiting }: Demand): Promise<void> {
  const known = new Map(waiting.map((node) => [`${node.run} ${node.node}`, node.reason]));
  const changed = reasons.filter((found) => known.get(`${found.run} ${found.node}`) !== found.reason);
  if (grants.length === 0 && changed.length === 0) return;
  await client.query({
    name: 'write-admission',
    text: `
with granted as (
  insert into grants (run_id, node, workspace, executor, count, cores, memory_mib)
  select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::float8[], $7::float8[])
)
update ready_nodes r set reason = c.reason
from unnest($8::uuid[], $9::text[], $10::text[]) as c (run_id, node, reason)
where r.run_id = c.run_id and r.node = c.node`,
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
}
