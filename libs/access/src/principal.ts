import type { Scope } from './scopes.ts';

/** Who sends a request, as the policy sees it. Anonymous callers have a principal of their own. */
export type Principal = AnonymousPrincipal | TokenPrincipal;

export interface AnonymousPrincipal {
  readonly kind: 'anonymous';
}

export interface TokenPrincipal {
  readonly kind: 'token';
  /** The calling workspace. */
  readonly workspace: string;
  /** Id of the token, for the audit; never its secret. */
  readonly token: string;
  readonly scopes: readonly Scope[];
  /** Whose it is, where that is known. */
  readonly owner?: string | undefined;
  /** Of a token that only gets sessions: what these may do. It has no scope of its own. */
  readonly sessionScopes?: readonly Scope[];
  /** Of a token that a run's tools hold. */
  readonly run?: string | undefined;
}

export const anonymous: AnonymousPrincipal = { kind: 'anonymous' };

/** How a principal is written down with what it did: `token:0193…`. */
export function nameOf(principal: Principal): string {
  return principal.kind === 'token' ? `token:${principal.token}` : 'anonymous';
}
