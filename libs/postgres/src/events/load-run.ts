import { query } from '../transaction.ts';
import type { Transaction } from '../transaction.ts';
import { readSnapshot } from './snapshots.ts';

/** How the events of one run become its state; the run's package is in it. */
export interface Folding<State, Event> {
  initial: State;
  evolve(state: State, event: Event): State;
  /** State of a snapshot; undefined where its schema is not one this release reads: then all events are folded. */
  restore(state: unknown, schema: number): State | undefined;
}

/** The package a run is pinned to. */
export interface RunPackage {
  workspace: string;
  digest: string;
}

export interface LoadedRun<State> {
  state: State;
  /** Version of its last event. */
  version: number;
  /** Version of its snapshot; 0: none. */
  snapshotVersion: number;
}

/** Events read at a time: keeps the memory of a long run's loading flat. */
const pageSize = 2000;

/** State of a run: its snapshot and the events after it. Undefined: there is no such run. */
export async function loadRun<State, Event>(
  tx: Transaction,
  foldingFor: (pinned: RunPackage) => Promise<Folding<State, Event>>,
  runId: string,
): Promise<LoadedRun<State> | undefined> {
  const found = await query<{ process_workspace: string; process_digest: string }>(tx, {
    name: 'run-package',
    text: 'select process_workspace, process_digest from runs where id = $1',
    values: [runId],
  });
  const row = found.rows[0];
  if (!row) return undefined;
  const folding = await foldingFor({ workspace: row.process_workspace, digest: row.process_digest });
  const snapshot = await readSnapshot(tx, runId);
  const restored = snapshot && folding.restore(snapshot.state, snapshot.schema);
  const snapshotVersion = snapshot && restored !== undefined ? snapshot.version : 0;
  let state = restored ?? folding.initial;
  let version = snapshotVersion;
  for (;;) {
    const page = await readEvents<Event>(tx, runId, version, pageSize);
    for (const { event } of page) state = folding.evolve(state, event);
    version = page.at(-1)?.version ?? version;
    if (page.length < pageSize) return { state, version, snapshotVersion };
  }
}

/** Events of a run after a version, in order. */
export async function readEvents<Event>(
  tx: Transaction,
  runId: string,
  after: number,
  limit: number,
): Promise<{ version: number; time: Date; event: Event }[]> {
  const { rows } = await query<{ version: number; type: string; data: object; time: Date }>(tx, {
    name: 'read-events',
    text: 'select version, type, data, time from events where run_id = $1 and version > $2 order by version limit $3',
    values: [runId, after, limit],
  });
  return rows.map(({ version, type, data, time }) => ({ version, time, event: { type, data } as Event }));
}
