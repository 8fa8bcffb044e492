import { outboxRows, type Outgoing } from '@runnel/messaging';
import { gatherWrites, inTransaction, insertOutbox, type Database, type ResultRow, type Transaction } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import { touchObjects, type NamedObject } from '../objects/touch-objects.ts';
import type { IngesterParts } from '../parts.ts';
import type { CatalogueRow } from '../stac/catalogue-rows.ts';
import { lockResults, readPhases } from './run-facts.ts';
import { writeCatalogue, writeResults } from './write-results.ts';

/** What is to become visible of a run. */
export interface Made extends ResultRow {
  catalogue: readonly CatalogueRow[];
  /** Intermediate objects that its outputs name. */
  objects: readonly NamedObject[];
  messages: readonly Outgoing[];
}

/** `ignored`: another copy of the same message was faster, and these are its results · `removed`: the run has ended otherwise meanwhile. */
export type LastActEnd = 'published' | 'removed' | 'ignored';

export type LastAct = (made: Made) => Promise<LastActEnd>;

/** Milliseconds after which runs whose results wait behind a transaction go past it. */
const patience = 50;

/** Makes results visible, all of a run's together, unless it has ended otherwise meanwhile; runs that come at once share a transaction. */
export function openLastAct({ database, messaging }: Pick<IngesterParts, 'database' | 'messaging'>): LastAct {
  return gatherWrites((batch: readonly Made[]) => publishBatch(database, messaging, batch), { patience });
}

function publishBatch(database: Database, messaging: IngesterParts['messaging'], batch: readonly Made[]): Promise<LastActEnd[]> {
  const runs = batch.map(({ run }) => run);
  return inTransaction(database, async (tx) => {
    // What needs no answer of the statement before travels with it; each sees what was committed when its turn comes.
    const [, phases] = await Promise.all([lockResults(tx, runs), readPhases(tx, runs)]);
    const fit = batch.filter(({ run }) => phases.get(run) === 'publishing');
    await Promise.all([
      writeResults(tx, fit),
      ...fit.map((made) => writeCatalogue(tx, made)),
      touch(tx, fit),
      insertOutbox(
        tx,
        outboxRows(
          messaging,
          fit.flatMap(({ messages }) => messages),
        ),
      ),
    ]);
    crashPoint('ingester.publish.before-commit');
    return runs.map((run) => endOf(phases.get(run)));
  });
}

async function touch(tx: Transaction, made: readonly Made[]): Promise<void> {
  const [first] = made;
  if (!first) return;
  const objects = made.flatMap((one) => one.objects);
  await touchObjects(tx, objects, new Date(first.publishedAt));
}

function endOf(phase: string | undefined): LastActEnd {
  if (phase === 'publishing') return 'published';
  return phase === 'successful' ? 'ignored' : 'removed';
}
