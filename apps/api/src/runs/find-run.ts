import { readTogether, type Database } from '@runnel/postgres';
import { runColumns, type RunRow } from './run-row.ts';

const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface RunKey {
  readonly workspace: string;
  readonly id: string;
}

const readRun = readTogether<RunKey, RunRow>(async (pool, keys) => {
  const { rows } = await pool.query<RunRow & { at: string }>({
    name: 'find-runs',
    text: `select wanted.at, ${runColumns} from unnest($1::uuid[], $2::text[]) with ordinality wanted (run, caller, at)
join runs on id = wanted.run and wanted.caller in (workspace, executing_workspace) and forgotten_at is null and deleted_at is null`,
    values: [keys.map(({ id }) => id), keys.map(({ workspace }) => workspace)],
  });
  const found = new Map(rows.map(({ at, ...row }) => [Number(at), row]));
  return keys.map((_, index) => found.get(index + 1));
});

/** A run of a workspace, or one that executes there; undefined for what is no id, unknown, forgotten, or another workspace's. */
export async function findRun({ pool }: Pick<Database, 'pool'>, workspace: string, id: string): Promise<RunRow | undefined> {
  return idPattern.test(id) ? readRun(pool, { workspace, id }) : undefined;
}

/** Takes a run that has ended from its caller's list; what it published stays. */
export async function forgetRun({ pool }: Pick<Database, 'pool'>, workspace: string, run: string): Promise<void> {
  await pool.query({
    name: 'forget-run',
    text: 'update runs set forgotten_at = now() where id = $1 and workspace = $2 and finished_at is not null',
    values: [run, workspace],
  });
}
