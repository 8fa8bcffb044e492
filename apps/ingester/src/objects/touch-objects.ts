import type { Json } from '@runnel/cwl';
import { query, type Transaction } from '@runnel/postgres';
import { contentHashOf, keyOf, locatedIn } from '../results/locations.ts';

/** A content-addressed object that a value names. */
export interface NamedObject {
  workspace: string;
  sha256: string;
  /** Bytes; 0 where the value does not say. */
  size: number;
}

/** Intermediate objects of the workspace that a value names, each once. */
export function objectsIn(workspace: string, value: Json): NamedObject[] {
  const found = new Map<string, NamedObject>();
  for (const { location, size } of locatedIn(value)) {
    const sha256 = contentHashOf((location !== undefined ? keyOf(location) : undefined) ?? '', workspace);
    if (sha256 !== undefined) found.set(sha256, { workspace, sha256, size: typeof size === 'number' ? size : 0 });
  }
  return [...found.values()];
}

/** Keeps these objects from the garbage collection for another while. In the order of their keys: two batches cannot wait for each other. */
export async function touchObjects(tx: Transaction, named: readonly NamedObject[], at: Date): Promise<void> {
  const unique = [...new Map(named.map((object) => [`${object.workspace}/${object.sha256}`, object])).entries()];
  const rows = unique.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, object]) => object);
  if (rows.length === 0) return;
  await query(tx, {
    name: 'touch-objects',
    text: `
insert into objects (workspace, sha256, size, touched_at)
select o.workspace, o.sha256, o.size, $4
from unnest($1::text[], $2::text[], $3::bigint[]) as o (workspace, sha256, size)
on conflict (workspace, sha256) do update
set touched_at = greatest(objects.touched_at, excluded.touched_at), marked_at = null, size = greatest(objects.size, excluded.size)`,
    values: [rows.map(({ workspace }) => workspace), rows.map(({ sha256 }) => sha256), rows.map(({ size }) => size), at],
  });
}
