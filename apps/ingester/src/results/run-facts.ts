import type { Json } from '@runnel/cwl';
import { query, type Transaction } from '@runnel/postgres';

export interface RunFacts {
  phase: string;
  /** Whose run it is: its results go there. */
  workspace: string;
  /** Where it executed: its intermediate files are there. */
  executing: string;
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
select phase, workspace, coalesce(executing_workspace, workspace) as executing, exists (select from results where run_id = id) as published
from runs where id = $1`,
    values: [run],
  });
  return rows[0];
}

/** How a run was accepted: with these inputs, which may hold references to stored values; and whether its results must be a STAC catalogue. */
export async function readAcceptance(tx: Transaction, run: string): Promise<{ inputs: Json; catalogue: boolean }> {
  const { rows } = await query<{ inputs: Json; catalogue: boolean | null }>(tx, {
    name: 'acceptance',
    text: `select data -> 'inputs' as inputs, (data ->> 'catalogue')::boolean as catalogue from events where run_id = $1 and version = 1`,
    values: [run],
  });
  return { inputs: rows[0]?.inputs ?? {}, catalogue: rows[0]?.catalogue === true };
}
