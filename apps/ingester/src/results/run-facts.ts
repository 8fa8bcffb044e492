import type { Json } from '@runnel/cwl';
import { query, readTogether, type Database, type Transaction } from '@runnel/postgres';

export interface RunFacts {
  phase: string;
  /** Whose run it is: its results go there. */
  workspace: string;
  /** Where it executed: its intermediate files are there. */
  executing: string;
  /** Its results stand: the last act of publishing was committed. */
  published: boolean;
  /** Its results must be a STAC catalogue. */
  catalogue: boolean;
}

/**
 * Lets one at a time publish or remove the results of these runs, until the transaction ends; taken in the order of their names, so that two batches
 * cannot wait for each other. The services that dismiss runs do not take it: they commit first and tell then, so whoever holds the lock either sees
 * the dismissal or is followed by its removal.
 */
export async function lockResults(tx: Transaction, runs: readonly string[]): Promise<void> {
  await query(tx, {
    name: 'lock-results',
    text: `select pg_advisory_xact_lock(hashtextextended('results ' || run, 0)) from unnest($1::text[]) with ordinality r (run, n) order by n`,
    values: [[...new Set(runs)].sort()],
  });
}

const readTogetherFacts = readTogether<string, RunFacts>(async (pool, runs) => {
  const { rows } = await pool.query<RunFacts & { run: string }>({
    name: 'run-facts',
    text: `
select r.id as run, r.phase, r.workspace, coalesce(r.executing_workspace, r.workspace) as executing,
  exists (select from results where run_id = r.id) as published, coalesce((e.data ->> 'catalogue')::boolean, false) as catalogue
from runs r left join events e on e.run_id = r.id and e.version = 1
where r.id = any($1::uuid[])`,
    values: [runs],
  });
  const found = new Map(rows.map(({ run, ...facts }) => [run, facts]));
  return runs.map((run) => found.get(run));
});

/** How a run stands, as far as its results need to know. */
export function findRunFacts({ pool }: Pick<Database, 'pool'>, run: string): Promise<RunFacts | undefined> {
  return readTogetherFacts(pool, run);
}

/** Phases of runs, by their ids, as they are now. */
export async function readPhases(tx: Transaction, runs: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { rows } = await query<{ id: string; phase: string }>(tx, {
    name: 'run-phases',
    text: 'select id, phase from runs where id = any($1::uuid[])',
    values: [runs],
  });
  return new Map(rows.map(({ id, phase }) => [id, phase]));
}

/** The inputs with which a run was accepted, which may hold references to stored values. */
export async function readInputs({ pool }: Pick<Database, 'pool'>, run: string): Promise<Json> {
  const { rows } = await pool.query<{ inputs: Json }>({
    name: 'accepted-inputs',
    text: `select data -> 'inputs' as inputs from events where run_id = $1 and version = 1`,
    values: [run],
  });
  return rows[0]?.inputs ?? {};
}
