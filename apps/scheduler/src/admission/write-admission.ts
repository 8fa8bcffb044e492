import type { ClientBase } from 'pg';
import type { Admission, Grant } from './admit.ts';
import { keyOf } from './waiting-nodes.ts';

/** A grant as it stands in the table. */
export interface WrittenGrant extends Grant {
  id: string;
  /** Nothing is granted: the node is refused, for this reason. */
  refusal: string | null;
}

/**
 * Writes the grants and the reasons in one statement. A reason is a courtesy: a row that its run's owner writes in this instant is passed over,
 * and told in a later round.
 */
export async function writeAdmission(client: ClientBase, { grants, refusals, reasons }: Admission): Promise<WrittenGrant[]> {
  const given = [
    ...grants.map((grant) => ({ ...grant, refusal: null })),
    ...refusals.map(({ reason, ...node }) => ({ ...node, executor: '', count: 0, cores: 0, memoryMiB: 0, refusal: reason })),
  ];
  if (given.length === 0 && reasons.length === 0) return [];
  const { rows } = await client.query<{ granted: string[]; told: { run: string; node: string }[] }>({
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
  returning r.run_id as run, r.node
)
select (select coalesce(json_agg(id::text order by id), '[]') from granted) as granted, (select coalesce(json_agg(told), '[]') from told) as told`,
    values: [
      given.map((grant) => grant.run),
      given.map((grant) => grant.node),
      given.map((grant) => grant.workspace),
      given.map((grant) => grant.executor),
      given.map((grant) => grant.count),
      given.map((grant) => grant.cores),
      given.map((grant) => grant.memoryMiB),
      reasons.map(({ waiting }) => waiting.run),
      reasons.map(({ waiting }) => waiting.node),
      reasons.map(({ reason }) => reason),
      given.map((grant) => grant.refusal),
    ],
  });
  const told = new Set(rows[0]?.told.map(keyOf));
  for (const { waiting, reason } of reasons) if (told.has(waiting.key)) waiting.told = reason;
  // Rows are numbered in the order in which they were inserted.
  return given.map((grant, index) => ({ ...grant, id: rows[0]?.granted[index] ?? '' }));
}
