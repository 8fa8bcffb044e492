import type { TokenPrincipal } from './principal.ts';
import { isRole, roles } from './roles.ts';
import type { Role } from './roles.ts';
import { revocations } from './tokens.ts';
import type { TokenStore } from './tokens.ts';

export interface Member {
  /** The identity provider's name of the user (claim "sub"). */
  readonly member: string;
  readonly role: Role;
  readonly addedBy: string;
  readonly addedAt: Date;
}

/** Members of a workspace by name. */
export async function listMembers({ pool }: TokenStore, workspace: string): Promise<Member[]> {
  const { rows } = await pool.query<Member>({
    name: 'list-members',
    text: `
select member, role, added_by as "addedBy", added_at as "addedAt" from members where workspace = $1 order by member`,
    values: [workspace],
  });
  return rows.filter(({ role }) => isRole(role));
}

/**
 * Adds a member, or changes what it may do: at once, its tokens lose what the role does not have. Returns what authenticators are to forget, for
 * who changed it here: the others are told at the commit.
 */
export async function putMember({ pool }: TokenStore, workspace: string, member: string, role: Role, by: string): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>({
    name: 'put-member',
    text: `
with put as (
  insert into members (workspace, member, role, added_by) values ($1, $2, $3, $4)
  on conflict (workspace, member) do update set role = excluded.role, added_by = excluded.added_by, added_at = now()
), bounded as (
  update tokens set scopes = array(select unnest(scopes) intersect select unnest($5::text[]))
  where workspace = $1 and owner = $2 and kind <> 'service' and revoked_at is null returning id::text
), told as (select id from bounded union all select 'user:' || $2)
select id, pg_notify('${revocations}', id) from told`,
    values: [workspace, member, role, by, roles[role]],
  });
  return rows.map(({ id }) => id);
}

/** Takes a member from the list, and what tokens it made. Returns what authenticators are to forget; empty where it is none. */
export async function dropMember({ pool }: TokenStore, workspace: string, member: string): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>({
    name: 'drop-member',
    text: `
with dropped as (delete from members where workspace = $1 and member = $2 returning member), revoked as (
  update tokens set revoked_at = now() where workspace = $1 and owner in (select member from dropped) and kind <> 'service' and revoked_at is null
  returning id::text
), told as (select id from revoked union all select 'user:' || member from dropped)
select id, pg_notify('${revocations}', id) from told`,
    values: [workspace, member],
  });
  return rows.map(({ id }) => id);
}

/**
 * A user whom the identity provider vouches for, with no more rights than its role in the list of members gives it. The list bounds what claims
 * give; whom it does not name has what they say.
 */
export async function boundByRole(store: TokenStore, user: TokenPrincipal): Promise<TokenPrincipal> {
  const { rows } = await store.pool.query<{ role: string }>({
    name: 'role-of-member',
    text: 'select role from members where workspace = $1 and member = $2',
    values: [user.workspace, user.owner],
  });
  const role = rows[0]?.role;
  return role === undefined ? user : { ...user, scopes: user.scopes.filter((scope) => scope === 'operator' || isAllowed(role, scope)) };
}

/** The workspaces that list a user. */
export async function workspacesOfMember({ pool }: TokenStore, member: string): Promise<string[]> {
  const { rows } = await pool.query<{ workspace: string }>({
    name: 'workspaces-of-member',
    text: 'select workspace from members where member = $1 order by workspace limit 2',
    values: [member],
  });
  return rows.map(({ workspace }) => workspace);
}

const isAllowed = (role: string, scope: string): boolean => isRole(role) && (roles[role] as readonly string[]).includes(scope);
