import { followNotifications } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { findRun } from './find-run.ts';
import { isFinal, type RunRow } from './run-row.ts';

/**
 * Runs as they are read by their id, those that have ended from memory: clients go on asking for a job that is over. Every change of such a run tells
 * all replicas at its commit (a trigger of the table), and nothing is remembered while they do not hear.
 */
export interface KnownRuns {
  /** As `findRun`. */
  find(workspace: string, id: string): Promise<RunRow | undefined>;
  /** For who changed it here: its answer must not come before that is true. */
  forget(id: string): void;
  close(): Promise<void>;
}

/** Postgres channel on which changes are told, with the run's id (migration 27). */
const changes = 'ended_run_changed';
/** Runs remembered, some kilobytes each at most; the ones remembered longest make room. */
const remembered = 2000;

export function openKnownRuns(database: Pick<Database, 'pool' | 'url'>): KnownRuns {
  const known = new Map<string, RunRow>();
  let heard = false;
  // A read that began before a change must not be remembered after it.
  let generation = 0;
  const forget = (id: string): void => {
    generation += 1;
    known.delete(id);
  };
  const following = followNotifications({ url: database.url, name: 'runnel-api-runs' }, changes, {
    listening(now) {
      heard = now;
      generation += 1;
      known.clear();
    },
    heard: forget,
  });
  const read = async (workspace: string, id: string): Promise<RunRow | undefined> => {
    const begun = generation;
    const run = await findRun(database, workspace, id);
    if (run && isFinal(run.phase) && heard && begun === generation) {
      known.set(run.id, run);
      const [oldest] = known.keys();
      if (known.size > remembered && oldest !== undefined) known.delete(oldest);
    }
    return run;
  };
  return {
    find(workspace, id) {
      const run = known.get(id);
      // Whose it is stands in the run; for anybody else the database decides, as ever.
      if (run && (run.workspace === workspace || run.executingWorkspace === workspace)) return Promise.resolve(run);
      return read(workspace, id);
    },
    forget,
    close: () => following.close(),
  };
}
