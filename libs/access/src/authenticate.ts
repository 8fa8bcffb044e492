import { followNotifications } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { anonymous } from './principal.ts';
import type { Principal, TokenPrincipal } from './principal.ts';
import { hashSecret, looksLikeSecret } from './secret.ts';
import { findToken, revocations } from './tokens.ts';

export type Authentication =
  | { readonly kind: 'principal'; readonly principal: Principal }
  /** There are credentials, and they are not valid. `reason` may be shown. */
  | { readonly kind: 'refused'; readonly reason: string };

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
/** Tokens remembered; the ones longest known make room. */
const remembered = 10_000;

interface Known {
  readonly authentication: Authentication;
  readonly id: string;
  readonly until: number;
}

/**
 * Authenticates bearer tokens. Valid ones are remembered for five seconds; revocations pass through at once, because `revokeToken` notifies
 * every authenticator at its commit and nothing is remembered while that channel is not heard. Refusals are never remembered.
 */
export function openAuthenticator(database: Pick<Database, 'pool' | 'url'>): Authenticator {
  const known = new Map<string, Known>();
  let heard = false;
  // A look-up that began before a revocation must not be remembered after it.
  let generation = 0;
  const forget = (id: string): void => {
    generation += 1;
    for (const [key, entry] of known) if (entry.id === id) known.delete(key);
  };
  const following = followNotifications({ url: database.url, name: 'runnel-revocations' }, revocations, {
    listening(now) {
      heard = now;
      generation += 1;
      known.clear();
    },
    heard: forget,
  });

  const lookUp = async (key: string, hash: Buffer): Promise<Authentication> => {
    const begun = generation;
    const token = await findToken(database, hash);
    if (!token) return refused;
    const principal: TokenPrincipal = { kind: 'token', workspace: token.workspace, token: token.id, scopes: token.scopes };
    const authentication: Authentication = { kind: 'principal', principal };
    if (heard && begun === generation) {
      const until = Math.min(Date.now() + believedFor, token.expiresAt?.getTime() ?? Infinity);
      remember(known, key, { authentication, id: token.id, until });
    }
    return authentication;
  };

  return {
    authenticate(header) {
      if (header === undefined || header === '') return nobody;
      const secret = /^bearer +(\S+) *$/i.exec(header)?.[1];
      if (secret === undefined) return { kind: 'refused', reason: 'the Authorization header is not "Bearer" and a token' };
      if (!looksLikeSecret(secret)) return refused;
      const hash = hashSecret(secret);
      const key = hash.toString('latin1');
      const entry = known.get(key);
      return entry && entry.until > Date.now() ? entry.authentication : lookUp(key, hash);
    },
    forget,
    close: () => following.close(),
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
