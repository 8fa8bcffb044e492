import { setImmediate as nextTurn } from 'node:timers/promises';
import { ServiceUnavailable } from '@runnel/postgres';

/** What one transaction takes: what waits behind it waits for all of it. */
const mostTogether = 64;

interface Waiting<Item, Outcome> {
  readonly item: Item;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * What comes while a transaction is under way goes into the next one together: many callers at once cost the database little more than one, and one
 * alone waits for nobody. `write` commits all of its items or none, and returns an outcome for each. Where it is refused each is tried alone, so that
 * only the faulty one fails; where the connection is lost none is, since the commit may have been reached.
 */
export function gatherWrites<Item, Outcome>(
  write: (batch: readonly Item[]) => Promise<readonly Outcome[]>,
): (item: Item) => Promise<Outcome> {
  const waiting: Waiting<Item, Outcome>[] = [];
  let writing = false;
  const writeAll = async (): Promise<void> => {
    writing = true;
    // What the same turn of the event loop brings belongs to the first one too.
    await nextTurn();
    while (waiting.length > 0) await writeBatch(write, waiting.splice(0, mostTogether));
    writing = false;
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!writing) void writeAll();
    });
}

/** Never rejects. */
async function writeBatch<Item, Outcome>(
  write: (batch: readonly Item[]) => Promise<readonly Outcome[]>,
  batch: readonly Waiting<Item, Outcome>[],
): Promise<void> {
  try {
    const outcomes = await write(batch.map(({ item }) => item));
    for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index] as Outcome);
  } catch (error) {
    if (batch.length > 1 && !(error instanceof ServiceUnavailable)) for (const one of batch) await writeBatch(write, [one]);
    else for (const { reject } of batch) reject(error);
  }
}
