import { setImmediate as nextTurn } from 'node:timers/promises';
import { isUnavailable } from './faults.ts';

/** What one transaction takes: what waits behind it waits for all of it. */
const mostTogether = 64;

interface Waiting<Item, Outcome> {
  readonly item: Item;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (reason: unknown) => void;
}

export interface GatherOptions {
  /** Milliseconds after which what waits behind a transaction goes past it; default: never. */
  readonly patience?: number;
}

/**
 * What comes while a transaction is under way goes into the next one together: many callers at once cost the database little more than one, and one
 * alone waits for nobody. `write` commits all of its items or none, and returns an outcome for each. Where it is refused each is tried alone, so that
 * only the faulty one fails; where the connection is lost none is, since the commit may have been reached.
 */
export function gatherWrites<Item, Outcome>(
  write: (batch: readonly Item[]) => Promise<readonly Outcome[]>,
  { patience }: GatherOptions = {},
): (item: Item) => Promise<Outcome> {
  const waiting: Waiting<Item, Outcome>[] = [];
  let writing = false;
  const writeNext = (): void => {
    writing = waiting.length > 0;
    if (!writing) return;
    // Once: by its end, or before it where that takes too long.
    let passed = false;
    const pass = (): void => {
      if (!passed) writeNext();
      passed = true;
      clearTimeout(timer);
    };
    const timer = patience === undefined ? undefined : setTimeout(pass, patience);
    void writeBatch(write, waiting.splice(0, mostTogether)).then(pass);
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (writing) return;
      writing = true;
      // What the same turn of the event loop brings belongs to the first one too.
      void nextTurn().then(writeNext);
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
    if (batch.length > 1 && !isUnavailable(error)) for (const one of batch) await writeBatch(write, [one]);
    else for (const { reject } of batch) reject(error);
  }
}
