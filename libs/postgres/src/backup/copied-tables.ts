import type { ClientBase } from 'pg';

/** A table as it stands in a copy of the database. */
export interface CopiedTable {
  name: string;
  columns: string[];
  rows: number;
}

/**
 * Not copied: the schema's own account (the migrations make it), who lives and what was promised to whom, which the services find out anew, and what
 * triggers of the schema make of other tables' rows.
 */
const left = ['schema_versions', 'schedulers', 'executors', 'grants', 'ready_changes', 'run_labels', 'run_words'];

/** The tables that a copy holds, with their columns; a partitioned one counts as one. */
export async function tablesToCopy(client: ClientBase): Promise<{ name: string; columns: string[] }[]> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `
select c.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns
from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and c.relname <> all($1)
group by 1 order by 1`,
    [left],
  );
  return rows;
}

/**
 * The statement for the keys of the objects that the rows name, each once, in C-locale order. What only users look for (their files) no row
 * names, and of runs that are being deleted something may be gone; a schema without such runs is copied too.
 */
export function namedObjects(tables: readonly Pick<CopiedTable, 'name' | 'columns'>[]): string {
  const knowsDeletion = tables.some(({ name, columns }) => name === 'runs' && columns.includes('deleted_at'));
  const deleted = knowsDeletion ? 'deleted_at is not null' : 'false';
  return `
select distinct key collate "C" from (
  select workspace || '/packages/' || digest || '.json' as key from processes
  union all select process_workspace || '/packages/' || process_digest || '.json' from runs where finished_at is null
  union all select source_key from processes
  union all select document from runs where document is not null and not (${deleted})
  union all select result_key from steps s where result_key is not null and not exists (select from runs r where r.id = s.run_id and ${deleted})
  union all select workspace || '/objects/' || sha256 from objects
) named order by 1`;
}
