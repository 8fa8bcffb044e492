import type { JsonObject } from '@runnel/cwl';
import { query, type Transaction } from '@runnel/postgres';
import type { Harvest } from './take-documents.ts';

/** What came of one file. */
export interface Outcome {
  readonly path: string;
  readonly outcome: 'catalogued' | 'removed' | 'refused' | 'superseded' | 'ignored';
  readonly reason?: string;
}

export interface RowChanges {
  /** Paths whose documents go, if nothing newer stands there. */
  readonly removed: string[];
  readonly written: { path: string; text: string; collection: string; item: string; document: JsonObject }[];
  readonly outcomes: Outcome[];
}

/** News of one source are handled one after the other. */
export async function lockSource(tx: Transaction, { workspace, repository, branch }: Harvest): Promise<void> {
  await query(tx, {
    name: 'lock-source',
    text: `select pg_advisory_xact_lock(hashtextextended('harvest ' || $1, 0))`,
    values: [JSON.stringify([workspace, repository, branch])],
  });
}

/** Files of which this commit was handled before, or a newer one. */
export async function lookBack(tx: Transaction, harvest: Harvest, paths: readonly string[]): Promise<Map<string, 'done' | 'superseded'>> {
  const { workspace, repository, branch, commit, move } = harvest;
  const { rows } = await query<{ path: string; done: boolean; superseded: boolean }>(tx, {
    name: 'look-back-documents',
    text: `
select path, bool_or(commit = $4) as done, bool_or(commit <> $4 and move > $5) as superseded
from deployments where workspace = $1 and repository = $2 and branch = $3 and path = any($6) group by path`,
    values: [workspace, repository, branch, commit, move, paths],
  });
  const seen = new Map<string, 'done' | 'superseded'>();
  for (const { path, done, superseded } of rows) if (done || superseded) seen.set(path, done ? 'done' : 'superseded');
  return seen;
}

/** Brings the rows into the state of the commit; what that changed, by path. */
export async function changeRows(
  tx: Transaction,
  { workspace, repository, branch, move }: Harvest,
  { removed, written }: RowChanges,
): Promise<Record<'added' | 'updated' | 'removed', string[]>> {
  const stays = new Set(written.map(({ path }) => path));
  const { rows: gone } = await query<{ path: string }>(tx, {
    name: 'remove-documents',
    text: `
delete from harvested_documents where workspace = $1 and repository = $2 and branch = $3 and path = any($4) and move <= $5 returning path`,
    values: [workspace, repository, branch, removed.filter((path) => !stays.has(path)), move],
  });
  const { rows } = await query<{ path: string; added: boolean }>(tx, {
    name: 'write-documents',
    text: `
insert into harvested_documents (workspace, repository, branch, move, path, collection, item, document)
select $1, $2, $3, $4, d.* from unnest($5::text[], $6::text[], $7::text[], $8::json[]) as d
on conflict (workspace, repository, branch, path) do update
set collection = excluded.collection, item = excluded.item, document = excluded.document, move = excluded.move, updated_at = now()
returning path, xmax = 0 as added`,
    values: [
      ...[workspace, repository, branch, move],
      written.map(({ path }) => path),
      written.map(({ collection }) => collection),
      written.map(({ item }) => item),
      written.map(({ document }) => JSON.stringify(document)),
    ],
  });
  return {
    added: rows.flatMap(({ path, added }) => (added ? [path] : [])),
    updated: rows.flatMap(({ path, added }) => (added ? [] : [path])),
    removed: gone.map(({ path }) => path),
  };
}

/** Beside each file what came of it: `runnel harvest status`, and how a second copy of the message is known. */
export async function recordOutcomes(tx: Transaction, harvest: Harvest, outcomes: readonly Outcome[]): Promise<void> {
  const { workspace, repository, branch, commit, move } = harvest;
  await query(tx, {
    name: 'record-outcomes',
    text: `
insert into deployments (workspace, repository, branch, commit, move, path, outcome, reason, at)
select $1, $2, $3, $4, $5, o.path, o.outcome, o.reason, now() from unnest($6::text[], $7::text[], $8::text[]) as o (path, outcome, reason)
on conflict do nothing`,
    values: [
      ...[workspace, repository, branch, commit, move],
      outcomes.map(({ path }) => path),
      outcomes.map(({ outcome }) => outcome),
      outcomes.map(({ reason }) => reason ?? null),
    ],
  });
}
