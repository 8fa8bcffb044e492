import type { Authentication } from '@runnel/access';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../context.ts';
import { createBuckets } from './token-buckets.ts';
import type { Limit, Verdict } from './token-buckets.ts';

/** Counts a request for its token and its workspace; the problem (429) where it is one too many. */
export type RequestLimiter = (request: FastifyRequest, reply: FastifyReply, authentication: Authentication) => Problem | undefined;

export function createLimiter({ config, workspaces, metrics }: Pick<ApiContext, 'config' | 'workspaces' | 'metrics'>): RequestLimiter {
  const take = createBuckets();
  return (request, reply, authentication) => {
    const limits = limitsFor(config.tokenRequestsPerSecond, authentication, request.ip, (workspace) => {
      return workspaces.of(workspace).quota.requestsPerSecond ?? config.workspaceRequestsPerSecond;
    });
    if (limits.length === 0) return undefined;
    const verdicts = take(limits, performance.now());
    void reply.headers(headersOf(verdicts));
    const refused = verdicts.filter(({ wait }) => wait > 0);
    const [first] = refused;
    if (!first) return undefined;
    metrics.limited.inc({ limit: first.name });
    const seconds = Math.max(1, Math.ceil(Math.max(...refused.map(({ wait }) => wait))));
    const whose = first.name === 'workspace' ? 'the workspace' : first.name === 'token' ? 'this token' : 'your address';
    const detail = `${whose} may send ${first.quota} requests in ${first.window} s; try again in ${seconds} s`;
    return new Problem({ status: 429, title: 'Too many requests', detail, headers: { 'retry-after': String(seconds) } });
  };
}

/** Who holds no valid token is counted by its address: guessing is limited like asking. */
function limitsFor(
  perToken: number | undefined,
  authentication: Authentication,
  address: string,
  ofWorkspace: (workspace: string) => number | undefined,
): Limit[] {
  const { principal } = authentication.kind === 'principal' ? authentication : { principal: undefined };
  const token = principal?.kind === 'token' ? principal : undefined;
  const own = token ? { name: 'token', key: token.token } : { name: 'address', key: address };
  const perWorkspace = token && ofWorkspace(token.workspace);
  return [
    ...(perToken === undefined ? [] : [{ ...own, perSecond: perToken }]),
    ...(token === undefined || perWorkspace === undefined ? [] : [{ name: 'workspace', key: token.workspace, perSecond: perWorkspace }]),
  ];
}

/** RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10). */
function headersOf(verdicts: readonly Verdict[]): Record<string, string> {
  return {
    'ratelimit-policy': verdicts.map(({ name, quota, window }) => `"${name}";q=${quota};w=${window}`).join(', '),
    ratelimit: verdicts.map(({ name, remaining, reset }) => `"${name}";r=${remaining};t=${reset}`).join(', '),
  };
}
