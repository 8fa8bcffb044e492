import { setTimeout as pause } from 'node:timers/promises';
import { withoutGarbageCollection } from '@runnel/postgres';
import type { IngesterParts } from '../parts.ts';
import { deletedRuns, deleteRun } from './delete-runs.ts';

/** Milliseconds between looks at the marks. */
const every = 3000;

export interface DeletionWatch {
  close(): Promise<void>;
}

/** Removes what deleted runs owned. The mark in the run's row is all there is to remember: any ingester, also the next one, goes on from it. */
export function watchDeleted(parts: IngesterParts): DeletionWatch {
  const stopping = new AbortController();
  const running = loop(parts, stopping.signal);
  return {
    close: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function loop(parts: IngesterParts, signal: AbortSignal): Promise<void> {
  const { database, logger } = parts;
  while (!signal.aborted) {
    try {
      if ((await deletedRuns(parts, 1)).length > 0) await withoutGarbageCollection(database, () => deleteMarkedRuns(parts, signal));
    } catch (error) {
      logger.error({ error }, 'deleted runs could not be removed; it is tried again');
    }
    await pause(every, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

async function deleteMarkedRuns(parts: IngesterParts, signal: AbortSignal): Promise<void> {
  for (const deleted of await deletedRuns(parts)) {
    if (signal.aborted) return;
    await deleteRun(parts, deleted);
    parts.logger.info({ run: deleted.run, workspace: deleted.workspace }, 'a deleted run was removed');
  }
}
