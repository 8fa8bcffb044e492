import type { Json } from '@runnel/cwl';
import { query, type Transaction } from '@runnel/postgres';

export interface RunFacts {
  phase: string;
  workspace: string;
  /** Its results stand: the last act of publishing was committed. */
  published: boolean;
}

/**
 * Lets one at a time publish or remove the results of a run, until the transaction ends. The services that dismiss runs do not take it: they
 * commit first and tell then, so whoever holds the lock either sees the dismissal or is followed by its removal.
 */
export async function lockResults(tx: Transaction, run: string): Promise<void> {
  await query(tx, { name: 'lock-results', text: `select pg_advisory_xact_lock(hashtextextended('results ' || $1, 0))`, values: [run] });
}

export async function readRunFacts(tx: Transaction, run: string): Promise<RunFacts | undefined> {
  const { rows } = await query<RunFacts>(tx, {
    name: 'run-facts',
    text: `
select phase, workspace, exists (select from results where run_id = id) as published
from runs where id = $1`,
    values: [run],
  });
  return rows[0];
}

/** The inputs the run was accepted with; may hold references to stored values. */
export async function readAcceptedInputs(tx: Transaction, run: string): Promise<Json> {
  const { rows } = await query<{ inputs: Json }>(tx, {
    name: 'accepted-inputs',
    text: `select data -> 'inputs' as inputs from events where run_id = $1 and version = 1`,
    values: [run],
  });
  return rows[0]?.inputs ?? {};
}
