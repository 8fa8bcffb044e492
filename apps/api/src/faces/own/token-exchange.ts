import { createToken, isScope, workspaceScopes } from '@runnel/access';
import type { Authentication, Scope, TokenPrincipal } from '@runnel/access';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { countRefused, decide, recordDecision } from '../../audit/decide.ts';
import type { ApiContext } from '../../context.ts';
import { mediaTypeOfBody, readText } from '../../http/body.ts';
import { refusalForState } from '../../workspaces/require-active.ts';

/** OAuth 2.0 Token Exchange (RFC 8693). */
const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange';
const tokenType = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;
const accessToken = tokenType('access_token');

export const formType = 'application/x-www-form-urlencoded';

export const exchangeRequest = z.object({
  grant_type: z.literal(grantType),
  subject_token: z.string().describe('the token that is exchanged'),
  subject_token_type: z.enum([accessToken, tokenType('jwt'), tokenType('refresh_token')]),
  requested_token_type: z.literal(accessToken).optional(),
  scope: z.string().optional().describe('scopes, separated by spaces; default: those of the token, but "operator"'),
  audience: z.string().optional().describe('the workspace it is for: that of the token'),
});

export const exchangedSchema = z.object({
  access_token: z.string(),
  issued_token_type: z.literal(accessToken),
  token_type: z.literal('Bearer'),
  expires_in: z.int().describe('seconds'),
  scope: z.string(),
});
export const exchangeErrorSchema = z.object({
  error: z.enum(['invalid_request', 'invalid_scope', 'invalid_target', 'unsupported_grant_type']),
  error_description: z.string(),
});

/** Why it is refused, in the standard's words. */
interface Refusal {
  readonly error: z.output<typeof exchangeErrorSchema>['error'];
  readonly description: string;
}

/** Seconds for which the new token holds at most. */
const longest = 15 * 60;
/** Bytes of a request: a token of an identity provider and what goes with it. */
const largest = 32 * 1024;
/** Of which more than one may be given, section 2.1. */
const repeatable = new Set(['audience', 'resource']);

/** POST /api/v1/token. */
export async function exchangeToken(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const text = await readText(request, largest);
  const given = mediaTypeOfBody(request) === formType ? readForm(text) : refusal('invalid_request', `the body is expected as ${formType}`);
  if ('error' in given) return answerRefusal(reply, given);
  const subject = await context.authenticator.authenticate(`Bearer ${given.subject_token}`);
  // Who asks without a token of its own is limited by the token it brings, as it would be with that.
  const limited = context.limiter(request, reply, subject);
  if (limited) throw limited;
  if (subject.kind !== 'principal' || subject.principal.kind !== 'token') {
    countRefused(context.audit, 'credentials', request);
    const reason = subject.kind === 'forbidden' ? subject.reason : 'it is unknown, expired or revoked';
    return answerRefusal(reply, refusal('invalid_request', `the subject_token is not accepted: ${reason}`));
  }
  const { principal } = subject;
  const refused = await whyNot(context, request, given, principal);
  const scopes = grantable(principal, given);
  const found = refused ?? ('error' in scopes ? scopes : undefined);
  await recordDecision(context.audit, { principal, action: 'token.exchange', reason: found?.error ?? null }, request);
  if (found || 'error' in scopes) return answerRefusal(reply, found ?? (scopes as Refusal));
  await issue(context, reply, subject, principal, scopes);
}

type Form = z.output<typeof exchangeRequest> & { readonly targets: readonly { readonly name: string; readonly value: string }[] };

/** Section 2.1, with the rules of RFC 6749 (3.2) for parameters: without a value is not given, given twice is a fault. */
function readForm(text: string): Form | Refusal {
  const entries = [...new URLSearchParams(text)].filter(([, value]) => value !== '');
  const twice = entries.map(([name]) => name).find((name, index, names) => !repeatable.has(name) && names.indexOf(name) !== index);
  if (twice !== undefined) return refusal('invalid_request', `${twice} is given more than once`);
  const form = Object.fromEntries(entries) as Partial<Record<string, string>>;
  if (form['grant_type'] === undefined) return refusal('invalid_request', `grant_type is missing: ${grantType}`);
  if (form['grant_type'] !== grantType) return refusal('unsupported_grant_type', `only ${grantType} is known here`);
  if (form['actor_token'] !== undefined || form['actor_token_type'] !== undefined)
    return refusal('invalid_request', 'an actor_token is not taken: the new token acts for whom the subject_token acts');
  const checked = exchangeRequest.safeParse(form);
  const [issue] = checked.error?.issues ?? [];
  if (!checked.success) return refusal('invalid_request', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  const targets = entries.filter(([name]) => repeatable.has(name)).map(([name, value]) => ({ name, value }));
  return { ...checked.data, targets };
}

/** What forbids the exchange, whatever its scopes. */
async function whyNot(context: ApiContext, request: FastifyRequest, form: Form, principal: TokenPrincipal): Promise<Refusal | undefined> {
  const refresh = principal.sessionScopes !== undefined;
  if (refresh !== (form.subject_token_type === tokenType('refresh_token')))
    return refusal('invalid_request', `the subject_token is ${refresh ? 'a' : 'no'} refresh token: subject_token_type says otherwise`);
  const { workspace } = principal;
  const decision = await decide(context, { principal, action: 'session.create', resource: { workspace } }, request);
  if (!decision.allow) return refusal('invalid_request', `the subject_token may not be exchanged: ${decision.message}`);
  const state = refusalForState(context.workspaces, principal, 'session.create');
  if (state) return refusal('invalid_request', state.message);
  const target = form.targets.find(({ name, value }) => name === 'resource' || value !== workspace);
  if (target?.name === 'resource') return refusal('invalid_target', 'name the workspace as audience: no resource is known by its address');
  return (
    target && refusal('invalid_target', `the subject_token is not for "${target.value}": its workspace is the only audience it can have`)
  );
}

/** Scopes for the new token: never one that the subject has not. `operator` goes on only where it is asked for. */
function grantable({ scopes, sessionScopes }: TokenPrincipal, { scope }: Form): { readonly scopes: readonly Scope[] } | Refusal {
  const own = sessionScopes ?? scopes;
  if (scope === undefined) return { scopes: workspaceScopes.filter((one) => own.includes(one)) };
  const wanted = scope.split(' ').filter((one) => one !== '');
  const unknown = wanted.find((one) => !isScope(one));
  if (unknown !== undefined) return refusal('invalid_scope', `there is no scope "${unknown}"`);
  const beyond = wanted.filter(isScope).find((one) => !own.includes(one));
  if (beyond !== undefined) return refusal('invalid_scope', `the subject_token lacks the scope "${beyond}"`);
  return { scopes: [...new Set(wanted.filter(isScope))] };
}

/** It lives no longer than what it was made of, and is revoked with it. */
async function issue(
  { database }: ApiContext,
  reply: FastifyReply,
  { expires, ancestors = [] }: Authentication & { kind: 'principal' },
  { workspace, token: subject, owner }: TokenPrincipal,
  { scopes }: { readonly scopes: readonly Scope[] },
): Promise<void> {
  const until = Math.min(Date.now() + longest * 1000, expires ?? Infinity);
  const made = await createToken(database, {
    workspace,
    name: 'exchanged',
    kind: 'session',
    scopes,
    owner: owner ?? subject,
    expiresAt: new Date(until),
    // Of users of the identity provider there is no row: what ends their membership ends what they own.
    ancestors: z.uuid().safeParse(subject).success ? [...ancestors, subject] : ancestors,
  });
  const answer: z.output<typeof exchangedSchema> = {
    access_token: made.secret,
    issued_token_type: accessToken,
    token_type: 'Bearer',
    expires_in: Math.max(0, Math.floor((until - Date.now()) / 1000)),
    scope: scopes.join(' '),
  };
  await reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' }).send(answer);
}

/** In the characters that descriptions may have (RFC 6749, section 5.2). */
const refusal = (error: Refusal['error'], description: string): Refusal => ({
  error,
  description: description.replaceAll('"', "'").replace(/[^\x20-\x5b\x5d-\x7e]/g, '?'),
});

async function answerRefusal(reply: FastifyReply, { error, description }: Refusal): Promise<void> {
  await reply.status(400).headers({ 'cache-control': 'no-store', pragma: 'no-cache' }).send({ error, error_description: description });
}
