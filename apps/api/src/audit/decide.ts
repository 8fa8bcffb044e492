import { nameOf } from '@runnel/access';
import type { Action, AuditEntry, Decision, Policy, PolicyInput, Principal, TokenPrincipal } from '@runnel/access';
import type { FastifyRequest } from 'fastify';
import type { AuditLog } from './audit-log.ts';

interface Deciding {
  readonly policy: Policy;
  readonly audit: AuditLog;
}

/**
 * Asks the policy. What refuses, or lets somebody in another workspace, is written down before it takes effect; refusals of who has no token are
 * counted. `request` is absent where it is not a request that asks, but something it names.
 */
export function decide(services: Deciding, input: PolicyInput, request?: FastifyRequest): Decision | Promise<Decision> {
  const decision = services.policy.decide(input);
  return decision instanceof Promise
    ? decision.then((found) => writeDown(services, input, found, request))
    : writeDown(services, input, decision, request);
}

function writeDown({ audit }: Deciding, input: PolicyInput, decision: Decision, request?: FastifyRequest): Decision | Promise<Decision> {
  const { principal, action, resource } = input;
  if (decision.allow && !crosses(input)) return decision;
  const entry: AuditEntry = {
    ...whereFrom(request),
    ...whoAsks(principal),
    workspace: resource.workspace ?? null,
    action,
    allowed: decision.allow,
    reason: decision.allow ? null : decision.reason,
  };
  if (principal.kind === 'token') return audit.record(entry).then(() => decision);
  audit.tally(entry);
  return decision;
}

/** What is for everybody crosses nothing. */
const crosses = ({ principal, action, resource }: PolicyInput): boolean =>
  principal.kind === 'token' &&
  resource.workspace !== undefined &&
  resource.workspace !== principal.workspace &&
  !action.startsWith('service.');

/** Counts a request whose credentials are worth nothing: who sends it is not known, and may send any number. */
export function countRefused(audit: AuditLog, reason: 'credentials' | 'no-workspace', request: FastifyRequest): void {
  const action = request.routeOptions.config.about?.action ?? 'service.observe';
  audit.tally({ ...whereFrom(request), workspace: null, caller: null, principal: 'unknown', action, allowed: false, reason });
}

/** Writes down what a handler decided itself, of whom it was asked for. */
export function recordDecision(
  audit: AuditLog,
  { principal, action, reason }: { principal: TokenPrincipal; action: Action; reason: string | null },
  request: FastifyRequest,
): Promise<void> {
  const allowed = reason === null;
  return audit.record({ ...whereFrom(request), ...whoAsks(principal), workspace: principal.workspace, action, allowed, reason });
}

const whoAsks = (principal: Principal) => ({
  caller: principal.kind === 'token' ? principal.workspace : null,
  principal: nameOf(principal),
});

function whereFrom(request: FastifyRequest | undefined) {
  return {
    at: new Date(),
    method: request?.method ?? null,
    target: request?.url.replace(/\?.*$/s, '') ?? null,
    request: request?.id ?? null,
    address: request?.ip ?? null,
    times: 1,
  };
}
