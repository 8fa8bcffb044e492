export { insertEntries, listEntries, type AuditEntry, type StoredEntry } from './audit/entries.ts';
export { auditHeadKey, faultByHead, headOf, readHead } from './audit/head.ts';
export { lastSeal, sealEntries } from './audit/seals.ts';
export { verifyAudit, type AuditReport } from './audit/verify.ts';
export { openAuthenticator, type Authentication, type Authenticator } from './authenticate.ts';
export { kindOf, placeRun, reasonToSee, type Offer, type OfferKind, type Placement } from './offers.ts';
export { dropMember, listMembers, putMember, type Member } from './members.ts';
export type { OidcOptions } from './oidc.ts';
export { embeddedPolicy } from './embedded-policy.ts';
export { actions, type Action, type Decision, type Policy, type PolicyInput, type Refusal, type Resource } from './policy.ts';
export { policyServer } from './policy-server.ts';
export { anonymous, nameOf, type AnonymousPrincipal, type Principal, type TokenPrincipal } from './principal.ts';
export { isRole, roleNames, roles, type Role } from './roles.ts';
export { isScope, scopes, workspaceScopes, type Scope } from './scopes.ts';
export { isProved, sealAnswer } from './sealed-answer.ts';
export {
  createToken,
  listTokens,
  revokeToken,
  sessionLine,
  type NewToken,
  type TokenInfo,
  type TokenKind,
  type TokenStore,
} from './tokens.ts';
export { checkedSignature, hookOf, webhookKey } from './webhooks.ts';
