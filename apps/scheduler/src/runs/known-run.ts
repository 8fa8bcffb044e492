import type { RunEngine, RunState } from '@runnel/engine';

/** A run's state in memory between batches. */
export interface KnownRun {
  engine: RunEngine;
  state: RunState;
  snapshotVersion: number;
  /** False after loading: the tables that follow the state are brought in line with it whatever this batch changes. */
  inLine: boolean;
  /** Trace of the last message about it that had one: what follows belongs to it. */
  traceparent?: string;
  /** Attempts, as `step#attempt`, whose executor was asked to stop. */
  stopsSent: Set<string>;
}

/** What is known of an accepted run; a state without it is a bug, since its first event carries it. */
export function acceptedOf(state: RunState): NonNullable<RunState['accepted']> {
  if (!state.accepted) throw new Error('this run has no run.accepted event');
  return state.accepted;
}
