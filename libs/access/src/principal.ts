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
}

export const anonymous: AnonymousPrincipal = { kind: 'anonymous' };

/** How a principal is written down with what it did: `token:0193…`. */
export function nameOf(principal: Principal): string {
  return principal.kind === 'token' ? `token:${principal.token}` : 'anonymous';
}
