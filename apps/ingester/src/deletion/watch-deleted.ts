import { withoutGarbageCollection } from '@runnel/postgres';
import type { Loop } from '@runnel/service';
import type { IngesterParts } from '../parts.ts';
import { repeat } from '../repeat.ts';
import { deletedRuns, deleteRun } from './delete-runs.ts';

/** Milliseconds between looks at the marks. */
const every = 3000;

/** Removes what deleted runs owned. The mark in the run's row is all there is to remember: any ingester, also the next one, goes on from it. */
export function watchDeleted(parts: IngesterParts): Loop {
  return repeat('removing deleted runs', every, parts.logger, async (signal) => {
    const [marked] = await deletedRuns(parts, 1);
    if (marked) await withoutGarbageCollection(parts.database, () => deleteMarkedRuns(parts, signal));
  });
}

async function deleteMarkedRuns(parts: IngesterParts, signal: AbortSignal): Promise<void> {
  for (const deleted of await deletedRuns(parts)) {
    if (signal.aborted) return;
    await deleteRun(parts, deleted);
    parts.logger.info({ run: deleted.run, workspace: deleted.workspace }, 'a deleted run was removed');
  }
}
