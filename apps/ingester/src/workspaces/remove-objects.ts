import type { ObjectStore } from '@runnel/objects';
import { inTransaction, query, type Database } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';

/** Objects deleted at a time. */
const lanes = 8;

/**
 * Removes what workspaces that are being deleted have stored, when nothing of them runs any more; the last act marks each as deleted, so that
 * whatever is killed in between is done again. Rows of runs, events and usage stay as records. Returns the workspaces that are gone.
 */
export async function removeWorkspaces({ database, objects }: { database: Database; objects: ObjectStore }): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>({
    name: 'removable-workspaces',
    text: `
select name from workspaces w where state = 'deleting' and not exists (
  select from runs r where (r.workspace = w.name or r.executing_workspace = w.name) and not r.stopped)`,
  });
  for (const { name } of rows) {
    await deleteAll(objects, `${name}/`);
    crashPoint('ingester.workspace.after-objects');
    await inTransaction(database, async (tx) => {
      for (const table of ['objects', 'catalogue', 'results'])
        await query(tx, { name: `remove-${table}`, text: `delete from ${table} where workspace = $1`, values: [name] });
      await query(tx, {
        name: 'workspace-deleted',
        text: `update workspaces set state = 'deleted', changed_at = now() where name = $1 and state = 'deleting'`,
        values: [name],
      });
    });
  }
  return rows.map(({ name }) => name);
}

async function deleteAll(objects: ObjectStore, prefix: string): Promise<void> {
  let batch: string[] = [];
  const flush = async (): Promise<void> => {
    await Promise.all(batch.map((key) => objects.delete(key)));
    batch = [];
  };
  for await (const { key } of objects.list(prefix)) {
    batch.push(key);
    if (batch.length === lanes) await flush();
  }
  await flush();
}
