import { randomUUID } from 'node:crypto';
import type { Database } from '@runnel/postgres';
import { isScope, workspaceScopes } from './scopes.ts';
import type { Scope } from './scopes.ts';
import { hashSecret, newSecret } from './secret.ts';

/** Postgres channel on which revocations are told, with the token's id. */
export const revocations = 'token_revoked';

/**
 * `key`: of a person · `service`: of a service account · `session`: short-lived, for one sitting · `refresh`: gets sessions and gives no other
 * right.
 */
export type TokenKind = 'key' | 'service' | 'session' | 'refresh';

export interface NewToken {
  readonly workspace: string;
  /** For people: what the token is for. */
  readonly name: string;
  /** Default: everything a user of the workspace needs. */
  readonly scopes?: readonly Scope[];
  readonly expiresAt?: Date | undefined;
  /** Default: `key`. */
  readonly kind?: TokenKind;
  /** Whose it is: a user's id or a service account's name. */
  readonly owner?: string | undefined;
  /** Ids of the tokens that it was made of: revoked with each of them. */
  readonly ancestors?: readonly string[] | undefined;
}

/** A token as it may be shown: without its secret. */
export interface TokenInfo {
  readonly id: string;
  readonly workspace: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Date;
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  readonly kind: TokenKind;
  readonly owner: string | undefined;
  readonly ancestors: readonly string[];
}

/** Where tokens are kept: a service's `Database`, or anything else with a pg pool. */
export type TokenStore = Pick<Database, 'pool'>;

interface Row {
  id: string;
  workspace: string;
  name: string;
  scopes: string[];
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  kind: TokenKind;
  owner: string | null;
  ancestors: string[];
}

const columns = 'id, workspace, name, scopes, created_at, expires_at, revoked_at, kind, owner, ancestors';

/** Makes a token. Its secret is in the answer and nowhere else: only its sha256 is stored. */
export async function createToken(store: TokenStore, token: NewToken): Promise<TokenInfo & { readonly secret: string }> {
  const secret = newSecret();
  const { rows } = await store.pool.query<Row>({
    name: 'create-token',
    text: `
insert into tokens (id, workspace, name, hash, scopes, created_at, expires_at, kind, owner, ancestors)
values ($1, $2, $3, $4, $5, now(), $6, $7, $8, $9) returning ${columns}`,
    values: [
      randomUUID(),
      token.workspace,
      token.name,
      hashSecret(secret),
      token.scopes ?? workspaceScopes,
      token.expiresAt ?? null,
      token.kind ?? 'key',
      token.owner ?? null,
      token.ancestors ?? [],
    ],
  });
  const [row] = rows;
  if (!row) throw new Error('insert into tokens returned no row');
  return { ...infoOf(row), secret };
}

/** Tokens of people and service accounts of a workspace, oldest first, revoked and expired ones included. */
export async function listTokens(store: TokenStore, workspace: string): Promise<TokenInfo[]> {
  const { rows } = await store.pool.query<Row>({
    name: 'list-tokens',
    text: `select ${columns} from tokens where workspace = $1 and kind in ('key', 'service') order by created_at, id`,
    values: [workspace],
  });
  return rows.map(infoOf);
}

/**
 * Revokes a token of a workspace, and those made of it; undefined where it has none of that id. Every authenticator forgets them at the commit
 * (`revocations`); `revoked` are their ids, for who did it here. Twice is once: the first time stands.
 */
export async function revokeToken(
  store: TokenStore,
  workspace: string,
  id: string,
): Promise<(TokenInfo & { readonly revoked: readonly string[] }) | undefined> {
  const { rows } = await store.pool.query<Row>({
    name: 'revoke-token',
    text: `
with revoked as (
  update tokens set revoked_at = coalesce(revoked_at, now()) where workspace = $1 and (id = $2 or ancestors @> array[$2::uuid]) returning ${columns}
)
select ${columns}, pg_notify('${revocations}', id::text) from revoked`,
    values: [workspace, id],
  });
  const own = rows.find((row) => row.id === id.toLowerCase());
  return own && { ...infoOf(own), revoked: rows.map((row) => row.id) };
}

/** The token that a hash stands for, if it is valid now. */
export async function findToken(store: TokenStore, hash: Buffer): Promise<TokenInfo | undefined> {
  const { rows } = await store.pool.query<Row>({
    name: 'find-token',
    text: `select ${columns} from tokens where hash = $1 and revoked_at is null and (expires_at is null or expires_at > now())`,
    values: [hash],
  });
  return rows[0] && infoOf(rows[0]);
}

/** Of what a session that is asked for with a token would be made. */
interface SessionLine {
  /** Ids of the tokens that end it when they are revoked. */
  readonly ancestors: readonly string[];
  /** It may not last longer; absent: nothing bounds it. */
  readonly until: Date | undefined;
}

/**
 * A line of sessions begins with the first one and goes on with each that gets the next: it lasts at most `longest` seconds altogether, and no longer
 * than the key it began with. Each remembers that key and the first session, never all between. The token may be what no row is of (a user of the
 * identity provider): a line then begins with the session itself.
 */
export async function sessionLine(store: TokenStore, token: string, longest: number): Promise<SessionLine> {
  if (!uuid.test(token)) return { ancestors: [], until: undefined };
  const { rows } = await store.pool.query<{ id: string; session: boolean; ancestors: string[]; until: Date | null }>({
    name: 'session-line',
    text: `
select t.id, t.kind in ('session', 'refresh') as session, own.ancestors,
  case when t.kind in ('session', 'refresh') then t.created_at + make_interval(secs => $2) else t.expires_at end as until
from tokens own join tokens t on t.id = own.id or t.id = any(own.ancestors)
where own.id = $1`,
    values: [token, longest],
  });
  const ancestors = rows[0]?.ancestors ?? [];
  const remembersFirst = rows.some(({ id, session }) => session && id !== token);
  const ends = rows.flatMap(({ until }) => (until === null ? [] : [until.getTime()]));
  return {
    ancestors: remembersFirst ? ancestors : [...ancestors, token],
    until: ends.length === 0 ? undefined : new Date(Math.min(...ends)),
  };
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function infoOf(row: Row): TokenInfo {
  return {
    id: row.id,
    workspace: row.workspace,
    name: row.name,
    // A scope that only another release knows gives no right here.
    scopes: row.scopes.filter(isScope),
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    kind: row.kind,
    owner: row.owner ?? undefined,
    ancestors: row.ancestors,
  };
}
