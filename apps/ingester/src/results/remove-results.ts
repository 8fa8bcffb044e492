import { resultsPrefix } from '@runnel/objects';
import { inTransaction, query } from '@runnel/postgres';
import { crashPoint, inLanes } from '@runnel/service';
import type { IngesterParts } from '../parts.ts';
import { removeLayout } from '../stac/write-layout.ts';
import { lockResults } from './run-facts.ts';

/** Deletions at a time. */
const lanes = 8;

/**
 * Takes back what was published of a run, rows first, so that nothing names what is being deleted. Doing it twice is doing it once. `written`: what was
 * put in its place later, by another run or by users, stays.
 */
export async function removeResults(
  parts: Pick<IngesterParts, 'database' | 'objects'>,
  workspace: string,
  run: string,
  written?: Date,
): Promise<void> {
  await inTransaction(parts.database, async (tx) => {
    await lockResults(tx, [run]);
    await query(tx, { name: 'delete-results', text: 'delete from results where run_id = $1', values: [run] });
    await query(tx, {
      name: 'delete-catalogue',
      text: 'delete from catalogue where workspace = $1 and run_id = $2',
      values: [workspace, run],
    });
  });
  crashPoint('ingester.remove.after-commit');
  await removeCopies(parts, workspace, run, written);
}

/** Deletes the published copies of a run. */
export async function removeCopies(
  { objects }: Pick<IngesterParts, 'objects'>,
  workspace: string,
  run: string,
  written?: Date,
): Promise<void> {
  await removeLayout(objects, workspace, run, written);
  const keys: string[] = [];
  for await (const { key } of objects.list(resultsPrefix(workspace, run))) keys.push(key);
  await inLanes(keys, lanes, (key) => objects.delete(key));
}
