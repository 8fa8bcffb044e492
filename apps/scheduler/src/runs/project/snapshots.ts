import { packSnapshot, snapshotEvery, writeSnapshot } from '@runnel/postgres';
import type { Transaction } from '@runnel/postgres';
import type { Folded } from '../fold-news.ts';
import { isFinal } from './runs-row.ts';

/** Events that make a snapshot worth while when a part of a scatter has just left the state. */
const afterScatter = 100;

export interface PackedSnapshot {
  folded: Folded;
  packed: Buffer;
}

/** Snapshots that are due: every 500 events, and where outputs of a scatter were gathered (rule 2). */
export async function dueSnapshots(all: readonly Folded[]): Promise<PackedSnapshot[]> {
  return Promise.all(
    all.filter(isDue).map(async (folded) => ({ folded, packed: await packSnapshot(folded.known.engine.serialize(folded.known.state)) })),
  );
}

function isDue({ known: { state, snapshotVersion }, decided }: Folded): boolean {
  if (isFinal(state.phase)) return false;
  const events = state.version - snapshotVersion;
  return events >= snapshotEvery || (events >= afterScatter && decided.some(({ event }) => event.type === 'scatter.gathered'));
}

export async function writeSnapshots(tx: Transaction, snapshots: readonly PackedSnapshot[]): Promise<void> {
  for (const { folded, packed } of snapshots) await writeSnapshot(tx, folded.run, folded.known.state.version, packed);
}
