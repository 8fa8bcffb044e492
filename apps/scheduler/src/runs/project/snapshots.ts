import { packSnapshot, snapshotEvery, snapshotWrite } from '@runnel/postgres';
import type { Write } from '@runnel/postgres';
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

export function snapshotWrites(snapshots: readonly PackedSnapshot[]): Write[] {
  return snapshots.map(({ folded, packed }) => snapshotWrite(folded.run, folded.known.state.version, packed));
}
