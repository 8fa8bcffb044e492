import type { Scope } from './scopes.ts';
import { scopes, workspaceScopes } from './scopes.ts';
import type { TokenPrincipal } from './principal.ts';

/** What a verified token of an identity provider says of its holder. Everything else it carries is not looked at. */
export type Claims = Readonly<Record<string, unknown>>;

export type Holder =
  | { readonly kind: 'principal'; readonly principal: TokenPrincipal }
  /** Known, and yet without a workspace to act for; the reason says how to do better. */
  | {
      readonly kind: 'forbidden';
      readonly reason: string;
      /** Who it is, where it names no workspace at all. */ readonly nowhere?: string;
    };

/** A role of the realm that may do what concerns all workspaces. */
const administrator = 'hub_admin';

/**
 * Principal of a user by claims of the hub (contract of the EODH face, section 7): the calling workspace is the claim `workspace`, else the only
 * entry of `workspaces`. Claims that differ by case alone are refused: one of them would be read here and the other one elsewhere.
 */
export function principalOf(claims: Claims): Holder {
  const twice = sameButForCase(Object.keys(claims));
  if (twice) return forbidden(`the token has the claims ${twice.join(' and ')}, which differ by case alone`);
  const { sub, workspace, workspaces } = claims;
  if (typeof sub !== 'string' || sub === '') return forbidden('the token names nobody: it has no claim "sub"');
  if (workspace !== undefined && typeof workspace !== 'string') return forbidden('the claim "workspace" of the token is not text');
  const several = Array.isArray(workspaces) ? workspaces.filter((one) => typeof one === 'string') : [];
  const calling = workspace ?? (several.length === 1 ? several[0] : undefined);
  if (calling === undefined) return { ...forbidden(withoutWorkspace(several)), ...(several.length === 0 ? { nowhere: sub } : {}) };
  if (workspace !== undefined && several.length > 0 && !several.includes(workspace))
    return forbidden(`the token is for workspace "${workspace}", which is not among its workspaces`);
  return { kind: 'principal', principal: userIn(calling, sub, rolesOf(claims).includes(administrator) ? scopes : workspaceScopes) };
}

/** A user of the identity provider who acts for a workspace. */
export function userIn(workspace: string, sub: string, allowed: readonly Scope[] = workspaceScopes): TokenPrincipal {
  return { kind: 'token', workspace, token: `user:${sub}`, owner: sub, scopes: allowed };
}

function withoutWorkspace(several: readonly string[]): string {
  const how = 'ask for one that is scoped to a workspace (POST /api/workspaces/{workspace}/me/sessions at the hub)';
  return several.length === 0 ? `the token names no workspace; ${how}` : `the token names ${several.length} workspaces; ${how}`;
}

function sameButForCase(names: readonly string[]): readonly string[] | undefined {
  return [...Map.groupBy(names, (name) => name.toLowerCase()).values()].find((same) => same.length > 1);
}

function rolesOf({ realm_access: access }: Claims): readonly unknown[] {
  const roles = typeof access === 'object' && access !== null ? (Reflect.get(access, 'roles') as unknown) : undefined;
  return Array.isArray(roles) ? roles : [];
}

const forbidden = (reason: string): Holder => ({ kind: 'forbidden', reason });
