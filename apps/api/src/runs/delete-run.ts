import { inTransaction, markDeleted } from '@runnel/postgres';
import type { Deletion } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import type { ApiContext } from '../context.ts';

/** Deletes a run: nobody sees it when this resolves; the ingester removes what it alone owned. */
export async function deleteRun({ database, runs }: Pick<ApiContext, 'database' | 'runs'>, run: string): Promise<Deletion> {
  crashPoint('api.delete.before-write');
  const deletion = await inTransaction(database, (tx) => markDeleted(tx, run));
  crashPoint('api.delete.after-write');
  runs.forget(run);
  return deletion;
}
