import type { Write } from '@runnel/postgres';
import { acceptedOf } from '../known-run.ts';
import type { Folded } from '../fold-news.ts';

/** Brings the rows of waiting nodes in line with the runs' states: what the admitter sees. */
export function readyNodeWrites(folded: readonly Folded[]): Write[] {
  const rows = folded.flatMap(({ run, known, ready }) => {
    const nodes = known.inLine ? ready : known.engine.outstanding(known.state).ready;
    const { workspace } = acceptedOf(known.state);
    return nodes.map((node) => ({ ...node, run, workspace }));
  });
  const present = rows.filter((row) => row.count > 0);
  const gone = rows.filter((row) => row.count === 0);
  const reset = folded.filter(({ known }) => !known.inLine).map(({ run }) => run);
  return [
    ...(gone.length > 0 || reset.length > 0 ? [deleteRows(gone, reset, present)] : []),
    ...(present.length > 0 ? [upsertRows(present)] : []),
  ];
}

interface Row {
  run: string;
  workspace: string;
  node: string;
  count: number;
  resources: { cores: number; memoryMiB: number };
  since: string;
}

function deleteRows(gone: readonly Row[], reset: readonly string[], present: readonly Row[]): Write {
  return {
    name: 'delete-ready-nodes',
    text: `
delete from ready_nodes r where (r.run_id, r.node) in (select * from unnest($1::uuid[], $2::text[]))
  or r.run_id = any($3::uuid[]) and (r.run_id, r.node) not in (select * from unnest($4::uuid[], $5::text[]))`,
    values: [gone.map((row) => row.run), gone.map((row) => row.node), reset, present.map((row) => row.run), present.map((row) => row.node)],
  };
}

function upsertRows(rows: readonly Row[]): Write {
  return {
    name: 'upsert-ready-nodes',
    text: `
insert into ready_nodes as r (run_id, node, workspace, count, cores, memory_mib, reason, since)
select c.run_id, c.node, c.workspace, c.count, c.cores, c.memory_mib, 'waits for admission', c.since
from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::float8[], $6::float8[], $7::timestamptz[])
  as c (run_id, node, workspace, count, cores, memory_mib, since)
on conflict (run_id, node) do update set count = excluded.count where r.count <> excluded.count`,
    values: [
      rows.map((row) => row.run),
      rows.map((row) => row.node),
      rows.map((row) => row.workspace),
      rows.map((row) => row.count),
      rows.map((row) => row.resources.cores),
      rows.map((row) => row.resources.memoryMiB),
      rows.map((row) => row.since),
    ],
  };
}
