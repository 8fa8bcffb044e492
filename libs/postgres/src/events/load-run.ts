import type { Database } from '../database.ts';
import { readTogether } from '../read-together.ts';
import { inTransaction, query } from '../transaction.ts';
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

/** Events that a run has, at most, whose state is read together with others'. */
const few = 4;

interface EventRow {
  version: number;
  type: string;
  data: object;
  time: Date;
}

/** All events of runs that have only a few and no snapshot; undefined for the others, and for what is no run. */
const readFew = readTogether<string, EventRow[]>(async (pool, runs) => {
  const { rows } = await pool.query<EventRow & { run: string }>({
    name: 'read-few-events',
    text: `
select run_id as run, version, type, data, time from events e
where run_id = any($1::uuid[]) and version <= $2 and not exists (select from snapshots s where s.run_id = e.run_id)
order by run_id, version`,
    values: [runs, few + 1],
  });
  const found = Map.groupBy(rows, ({ run }) => run);
  return runs.map((run) => {
    const events = found.get(run.toLowerCase());
    return events && events.length <= few ? events : undefined;
  });
});

/**
 * The same as `loadRun` in a transaction of its own. Runs that are asked for in the same turn of the event loop and have just begun, as those that a
 * batch of news is about, cost one statement for all of them.
 */
export async function loadTogether<State, Event>(
  database: Database,
  engineFor: (pin: RunPin) => Promise<Folding<State, Event>>,
  runId: string,
): Promise<LoadedRun<State> | undefined> {
  const events = await readFew(database.pool, runId);
  const [first] = events ?? [];
  if (!events || first?.version !== 1) return inTransaction(database, (tx) => loadRun(tx, engineFor, runId));
  const { process, entry } = first.data as { process: { workspace: string; digest: string }; entry: string };
  const engine = await engineFor({ workspace: process.workspace, digest: process.digest, entry });
  const state = events.reduce((before, row) => engine.evolve(before, storedEvent(row) as Event), engine.initialState());
  return { state, version: events.length, snapshotVersion: 0 };
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
  const { rows } = await query<EventRow>(tx, {
    name: 'read-events',
    text: 'select version, type, data, time from events where run_id = $1 and version > $2 order by version limit $3',
    values: [runId, after, limit],
  });
  return rows.map((row) => ({ version: row.version, event: storedEvent(row) }));
}

const storedEvent = ({ type, data, time }: EventRow): StoredEvent => ({ type, data, at: time.toISOString() });
