import { query } from '../transaction.ts';
import type { Transaction } from '../transaction.ts';
import { readSnapshot } from './snapshots.ts';

/** How the events of one run become its state: a RunEngine has this shape. */
export interface Folding<State, Event> {
  initialState(): State;
  evolve(state: State, event: Event): State;
  /** Throws an error named SnapshotTooNew for what a newer release wrote: then all events are folded. */
  restore(snapshot: never): State;
}

/** What a run is pinned to since its acceptance. */
export interface RunPin {
  workspace: string;
  digest: string;
  entry: string;
}

export interface LoadedRun<State> {
  state: State;
  /** Version of its last event. */
  version: number;
  /** Version of its snapshot; 0: none. */
  snapshotVersion: number;
}

/** A stored event as it was decided. */
export interface StoredEvent {
  type: string;
  data: object;
  /** RFC 3339. */
  at: string;
}

/** Events read at a time: keeps the memory of a long run's loading flat. */
const pageSize = 2000;

/** State of a run: its snapshot and the events after it. Undefined: there is no such run. `engineFor` knows the engine of a pinned process. */
export async function loadRun<State, Event>(
  tx: Transaction,
  engineFor: (pin: RunPin) => Promise<Folding<State, Event>>,
  runId: string,
): Promise<LoadedRun<State> | undefined> {
  const pin = await readPin(tx, runId);
  if (!pin) return undefined;
  const engine = await engineFor(pin);
  const restored = await restore(tx, engine, runId);
  let state = restored?.state ?? engine.initialState();
  let version = restored?.version ?? 0;
  for (;;) {
    const page = await readEvents(tx, runId, version, pageSize);
    for (const { event } of page) state = engine.evolve(state, event as Event);
    version = page.at(-1)?.version ?? version;
    if (page.length < pageSize) return { state, version, snapshotVersion: restored?.version ?? 0 };
  }
}

async function readPin(tx: Transaction, runId: string): Promise<RunPin | undefined> {
  const { rows } = await query<RunPin>(tx, {
    name: 'run-pin',
    text: `
select data -> 'process' ->> 'workspace' as workspace, data -> 'process' ->> 'digest' as digest, data ->> 'entry' as entry
from events where run_id = $1 and version = 1`,
    values: [runId],
  });
  return rows[0];
}

async function restore<State, Event>(
  tx: Transaction,
  engine: Folding<State, Event>,
  runId: string,
): Promise<{ state: State; version: number } | undefined> {
  const snapshot = await readSnapshot(tx, runId);
  if (!snapshot) return undefined;
  try {
    return { state: engine.restore(snapshot.state as never), version: snapshot.version };
  } catch (error) {
    if (error instanceof Error && error.name === 'SnapshotTooNew') return undefined;
    throw error;
  }
}

/** Events of a run after a version, in order. */
export async function readEvents(
  tx: Transaction,
  runId: string,
  after: number,
  limit: number,
): Promise<{ version: number; event: StoredEvent }[]> {
  const { rows } = await query<{ version: number; type: string; data: object; time: Date }>(tx, {
    name: 'read-events',
    text: 'select version, type, data, time from events where run_id = $1 and version > $2 order by version limit $3',
    values: [runId, after, limit],
  });
  return rows.map(({ version, type, data, time }) => ({ version, event: { type, data, at: time.toISOString() } }));
}
