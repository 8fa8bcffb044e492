import { followNotifications } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { openOidc } from './oidc.ts';
import type { OidcOptions, OidcVerifier, Verification } from './oidc.ts';
import { userIn } from './claims.ts';
import { boundByRole, workspacesOfMember } from './members.ts';
import { anonymous } from './principal.ts';
import type { Principal, TokenPrincipal } from './principal.ts';
import { looksLikeRunToken, readRunToken } from './run-token.ts';
import type { RunClaim } from './run-token.ts';
import { digestOf, looksLikeJwt, looksLikeSecret } from './secret.ts';
import { findToken, revocations } from './tokens.ts';
import type { TokenInfo } from './tokens.ts';

export type Authentication =
  | {
      readonly kind: 'principal';
      readonly principal: Principal;
      /** Milliseconds since 1970; absent: it does not expire. */
      readonly expires?: number | undefined;
      /** Ids of the tokens that it was made of. */
      readonly ancestors?: readonly string[];
    }
  /** Credentials that are valid and give no workspace to act for. `reason` may be shown. */
  | { readonly kind: 'forbidden'; readonly reason: string }
  /** There are credentials, and they are not valid. `reason` may be shown. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface AuthenticatorOptions {
  readonly oidc?: OidcOptions | undefined;
  /** With which executors sign tokens of runs; absent: there are none. */
  readonly runTokenKey?: string | undefined;
}

export interface Authenticator {
  /**
   * Who sends this `Authorization` header; none is the anonymous principal. Answers at once where it knows the token. Rejects where the database
   * is away.
   */
  authenticate(header: string | undefined): Authentication | Promise<Authentication>;
  /** Forgets a token at once, for who revoked it here: its answer must not come before that is true. */
  forget(id: string): void;
  close(): Promise<void>;
}

/** Milliseconds for which a valid token is believed without asking. A revocation that was not heard takes effect after this. */
const believedFor = 5000;
/** Milliseconds for which a verified token of the identity provider is believed. */
const verifiedFor = 60_000;
/** Tokens remembered; the ones longest known make room. */
const remembered = 10_000;

interface Known {
  readonly authentication: Authentication;
  readonly id: string;
  readonly until: number;
}

/**
 * Authenticates bearer tokens: those of the table `tokens`, and where an identity provider is configured its JSON Web Tokens. Valid ones are
 * remembered for five seconds, verified ones for a minute; revocations and changes of members pass through at once, because they notify every
 * authenticator at their commit and nothing is remembered while that channel is not heard. Refusals are never remembered.
 */
export function openAuthenticator(database: Pick<Database, 'pool' | 'url'>, options: AuthenticatorOptions = {}): Authenticator {
  const verify = options.oidc && openOidc(options.oidc);
  const verified = new Map<string, Known>();
  const known = new Map<string, Known>();
  let heard = false;
  // A look-up that began before a revocation must not be remembered after it.
  let generation = 0;
  const forget = (id: string): void => {
    generation += 1;
    for (const entries of [known, verified]) for (const [key, entry] of entries) if (entry.id === id) entries.delete(key);
  };
  const following = followNotifications({ url: database.url, name: 'runnel-revocations' }, revocations, {
    listening(now) {
      heard = now;
      generation += 1;
      known.clear();
      verified.clear();
    },
    heard: forget,
  });

  const lookUp = async (key: string): Promise<Authentication> => {
    const begun = generation;
    const token = await findToken(database, Buffer.from(key, 'hex'));
    if (!token) return refused;
    const principal = principalOf(token);
    const { expiresAt, ancestors } = token;
    const authentication: Authentication = { kind: 'principal', principal, expires: expiresAt?.getTime(), ancestors };
    if (heard && begun === generation) {
      const until = Math.min(Date.now() + believedFor, token.expiresAt?.getTime() ?? Infinity);
      remember(known, key, { authentication, id: token.id, until });
    }
    return authentication;
  };

  /** A signature holds until the token expires; it is looked at again now and then, since keys are withdrawn. */
  const verifyOnce = async (key: string, token: string, verifier: OidcVerifier): Promise<Authentication> => {
    const begun = generation;
    const { expires, ...verification } = await verifier(token);
    const found = await asMember(database, verification);
    const authentication = found.kind === 'principal' ? { ...found, expires } : found;
    if (authentication.kind !== 'refused' && heard && begun === generation) {
      const id = idOf(authentication, verification) ?? key;
      remember(verified, key, { authentication, id, until: Math.min(Date.now() + verifiedFor, expires ?? 0) });
    }
    return authentication;
  };

  return {
    authenticate(header) {
      if (header === undefined || header === '') return nobody;
      const secret = /^bearer +(\S+) *$/i.exec(header)?.[1];
      if (secret === undefined) return { kind: 'refused', reason: 'the Authorization header is not "Bearer" and a token' };
      if (options.runTokenKey !== undefined && looksLikeRunToken(secret)) {
        const claim = readRunToken(options.runTokenKey, secret, Date.now());
        return claim ? ofRun(database, claim) : refused;
      }
      const jwt = verify && looksLikeJwt(secret);
      if (!jwt && !looksLikeSecret(secret)) return refused;
      const key = digestOf(secret);
      const entry = (jwt ? verified : known).get(key);
      if (entry && entry.until > Date.now()) return entry.authentication;
      return jwt ? verifyOnce(key, secret, verify) : lookUp(key);
    },
    forget,
    close: () => following.close(),
  };
}

/** By which a change of what a user may do is told. */
function idOf(authentication: Authentication, verification: Verification): string | undefined {
  if (authentication.kind === 'principal' && authentication.principal.kind === 'token') return authentication.principal.token;
  return verification.kind === 'forbidden' && verification.nowhere !== undefined ? `user:${verification.nowhere}` : undefined;
}

/** Whom the identity provider vouches for, by the list of members: it bounds what the claims give, and says where a user acts who has none. */
async function asMember(store: Pick<Database, 'pool'>, verification: Verification): Promise<Authentication> {
  if (verification.kind === 'refused') return verification;
  if (verification.kind === 'principal') return { kind: 'principal', principal: await boundByRole(store, verification.principal) };
  const { nowhere, ...forbidden } = verification;
  const [only, ...others] = nowhere === undefined ? [] : await workspacesOfMember(store, nowhere);
  if (nowhere === undefined || only === undefined || others.length > 0) return forbidden;
  return { kind: 'principal', principal: await boundByRole(store, userIn(only, nowhere)) };
}

function principalOf({ id, workspace, scopes, kind, owner }: TokenInfo): TokenPrincipal {
  const about = { kind: 'token', workspace, token: id, ...(owner === undefined ? {} : { owner }) } as const;
  return kind === 'refresh' ? { ...about, scopes: [], sessionScopes: scopes } : { ...about, scopes };
}

/**
 * The principal of a run's tools, while the run is under way: it ends with the run, at once. Code of the workspace it executes in may write there;
 * somebody else's may only read.
 */
async function ofRun(database: Pick<Database, 'pool'>, claim: RunClaim): Promise<Authentication> {
  const { rows } = await database.pool.query<{ own: boolean }>({
    name: 'run-of-token',
    text: `
select process_workspace = coalesce(executing_workspace, workspace) as own from runs
where id = $1 and coalesce(executing_workspace, workspace) = $2 and phase in ('accepted', 'running', 'publishing')`,
    values: [claim.run, claim.workspace],
  });
  const [found] = rows;
  if (!found) return refused;
  const { workspace, run } = claim;
  return {
    kind: 'principal',
    principal: { kind: 'token', workspace, token: `run:${run}`, run, scopes: found.own ? ['read', 'write'] : ['read'] },
  };
}

const nobody: Authentication = { kind: 'principal', principal: anonymous };
/** One text for unknown, revoked and expired: it tells nothing about tokens to who holds none. */
const refused: Authentication = { kind: 'refused', reason: 'the token is not valid: unknown, expired or revoked' };

function remember(known: Map<string, Known>, key: string, entry: Known): void {
  known.delete(key);
  known.set(key, entry);
  if (known.size <= remembered) return;
  const [oldest] = known.keys();
  if (oldest !== undefined) known.delete(oldest);
}
