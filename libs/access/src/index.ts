export { openAuthenticator, type Authentication, type Authenticator } from './authenticate.ts';
export { kindOf, placeRun, reasonToSee, type Offer, type OfferKind, type Placement } from './offers.ts';
export type { OidcOptions } from './oidc.ts';
export { actions, decide, type Action, type Decision, type PolicyInput, type Refusal, type Resource } from './policy.ts';
export { anonymous, nameOf, type AnonymousPrincipal, type Principal, type TokenPrincipal } from './principal.ts';
export { isScope, scopes, workspaceScopes, type Scope } from './scopes.ts';
export { createToken, listTokens, revokeToken, type NewToken, type TokenInfo, type TokenKind, type TokenStore } from './tokens.ts';
export { checkedSignature, hookOf, webhookKey } from './webhooks.ts';
