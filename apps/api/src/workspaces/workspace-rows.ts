import type { WorkspaceSettings } from '@runnel/contracts';
import type { Database } from '@runnel/postgres';
import { settingsOf } from './known-workspaces.ts';
import type { WorkspaceState } from './known-workspaces.ts';

/** A workspace as its row says; one without a row is active, and nobody made it here. */
export interface WorkspaceRow {
  readonly name: string;
  readonly state: WorkspaceState;
  readonly reason: string | null;
  readonly settings: WorkspaceSettings;
  readonly createdBy: string | null;
  readonly createdAt: Date | null;
}

type Services = Pick<Database, 'pool'>;

const columns = 'name, state, reason, settings, created_by as "createdBy", created_at as "createdAt"';
type Row = Omit<WorkspaceRow, 'settings'> & { settings: unknown };

/** Undefined where there is no row and nothing else of a workspace of this name. */
export async function findWorkspace({ pool }: Services, workspace: string): Promise<WorkspaceRow | undefined> {
  const { rows } = await pool.query<Row>({
    name: 'find-workspace',
    text: `
select ${columns} from workspaces where name = $1
union all
select $1, 'active', null, '{}', null, null where not exists (select from workspaces where name = $1) and (
  exists (select from tokens where workspace = $1) or exists (select from processes where workspace = $1)
  or exists (select from runs where workspace = $1))`,
    values: [workspace],
  });
  return rows[0] && rowOf(rows[0]);
}

/** A page by name: those with a row, and those that only their tokens and processes tell of. */
export async function listWorkspaces({ pool }: Services, after: string, limit: number): Promise<WorkspaceRow[]> {
  const { rows } = await pool.query<Row>({
    name: 'list-workspaces',
    text: `
select n.name, coalesce(w.state, 'active') as state, w.reason, coalesce(w.settings, '{}') as settings, w.created_by as "createdBy",
  w.created_at as "createdAt"
from (select name from workspaces union select workspace from tokens union select workspace from processes) n
left join workspaces w using (name)
where n.name > $1 and n.name not in ('system', 'public') order by n.name limit $2`,
    values: [after, limit],
  });
  return rows.map(rowOf);
}

const rowOf = (row: Row): WorkspaceRow => ({ ...row, settings: settingsOf(row.settings) });

/** What there is of a workspace, in numbers. */
export interface WorkspaceFigures {
  readonly members: number;
  readonly processes: number;
  readonly openRuns: number;
  readonly secrets: number;
  readonly tokens: number;
}

export async function figuresOf({ pool }: Services, workspace: string): Promise<WorkspaceFigures> {
  const { rows } = await pool.query<WorkspaceFigures>({
    name: 'figures-of-workspace',
    text: `
select (select count(*)::int from members where workspace = $1) as members,
  (select count(*)::int from (select distinct on (id) deleted_at from processes where workspace = $1 order by id, revision desc) p
   where deleted_at is null) as processes,
  (select count(*)::int from runs where coalesce(executing_workspace, workspace) = $1 and finished_at is null) as "openRuns",
  (select count(*)::int from secrets where workspace = $1) as secrets,
  (select count(*)::int from tokens where workspace = $1 and revoked_at is null and (expires_at is null or expires_at > now())) as tokens`,
    values: [workspace],
  });
  if (!rows[0]) throw new Error('an aggregate returned no row');
  return rows[0];
}
