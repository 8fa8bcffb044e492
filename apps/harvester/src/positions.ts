import type { Database } from '@runnel/postgres';

/** A row of `harvest_positions`: up to where a binding's source was told. */
export interface Place {
  readonly workspace: string;
  readonly repository: string;
  readonly branch: string;
}

export interface Position {
  /** The commit (of workspace files: the look) that was told last. */
  readonly commit: string | undefined;
}

export async function positionOf({ pool }: Database, { workspace, repository, branch }: Place): Promise<Position> {
  const { rows } = await pool.query<{ commit: string | null }>({
    name: 'harvest-position',
    text: 'select commit from harvest_positions where workspace = $1 and repository = $2 and branch = $3',
    values: [workspace, repository, branch],
  });
  return { commit: rows[0]?.commit ?? undefined };
}

/** A number for what is told next, above that of everything told before: who reads it late knows that it is late, whatever clocks say. */
export async function nextMove({ pool }: Database, { workspace, repository, branch }: Place): Promise<number> {
  const { rows } = await pool.query<{ moves: string }>({
    name: 'next-move',
    text: `
insert into harvest_positions (workspace, repository, branch, updated_at, moves) values ($1, $2, $3, now(), 1)
on conflict (workspace, repository, branch) do update set moves = harvest_positions.moves + 1 returning moves`,
    values: [workspace, repository, branch],
  });
  return Number(rows[0]?.moves ?? 0);
}

/** Everything up to this commit was told: the next look begins there. */
export const movePosition = ({ workspace, repository, branch }: Place, commit: string) => ({
  name: 'move-position',
  text: `
update harvest_positions set commit = $4, updated_at = now(), error = null, failures = 0
where workspace = $1 and repository = $2 and branch = $3`,
  values: [workspace, repository, branch, commit],
});

/** It was looked at, and nothing had changed. */
export async function noteLook({ pool }: Database, { workspace, repository, branch }: Place): Promise<void> {
  await pool.query({
    name: 'note-look',
    text: `
insert into harvest_positions (workspace, repository, branch, updated_at) values ($1, $2, $3, now())
on conflict (workspace, repository, branch) do update set error = null, failures = 0, updated_at = now()`,
    values: [workspace, repository, branch],
  });
}

/** Notes why a source could not be read, also one that never could; its position stays. */
export async function noteFault({ pool }: Database, { workspace, repository, branch }: Place, reason: string): Promise<void> {
  await pool.query({
    name: 'note-harvest-fault',
    text: `
insert into harvest_positions (workspace, repository, branch, updated_at, error, failures) values ($1, $2, $3, now(), $4, 1)
on conflict (workspace, repository, branch) do update set error = excluded.error, updated_at = now(), failures = harvest_positions.failures + 1`,
    values: [workspace, repository, branch, reason.replaceAll('\0', '\uFFFD').slice(0, 4000)],
  });
}
