import type { Authentication, Decision, Resource } from '@runnel/access';
import { Workspace } from '@runnel/contracts';
import { Problem } from '@runnel/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { countRefused, decide } from '../audit/decide.ts';
import type { ApiContext } from '../context.ts';
import { refusalForState } from '../workspaces/require-active.ts';
import type { RouteAbout } from './route.ts';

/** Routes of libs/service, which carry no description of ours and nobody's data: whoever watches over this service asks them, whatever is away. */
const operationRoutes = new Set(['/metrics', '/health/live', '/health/ready']);

/**
 * Authenticates and decides every request before its body is read. A route that says nothing about itself is refused, so that none can be
 * forgotten.
 */
export function checkAccess(fastify: FastifyInstance, context: Known): void {
  fastify.decorateRequest('principal');
  const checkOne = (request: FastifyRequest, reply: FastifyReply, authentication: Authentication): Verdict | Promise<Verdict> =>
    (operationRoutes.has(request.routeOptions.url ?? '') ? undefined : context.limiter(request, reply, authentication)) ??
    check(context, request, authentication);
  fastify.addHook('onRequest', (request, reply, done) => {
    // Unknown routes tell everybody the same; what answers OPTIONS is before this hook.
    if (request.is404) return done();
    const authentication = context.authenticator.authenticate(request.headers.authorization);
    const checked = authentication instanceof Promise ? undefined : checkOne(request, reply, authentication);
    if (checked !== undefined && !(checked instanceof Promise)) return done(checked === allowed ? undefined : checked);
    (checked ?? Promise.resolve(authentication).then((found) => checkOne(request, reply, found))).then(
      (found) => done(found === allowed ? undefined : found),
      // As it is: an error may be of another realm, and its code tells what is away.
      (error: unknown) => done(error as Error),
    );
  });
}

type Known = Pick<
  ApiContext,
  'authenticator' | 'policy' | 'audit' | 'metrics' | 'config' | 'processes' | 'runs' | 'workspaces' | 'limiter'
>;
type Verdict = Problem | typeof allowed;
const allowed = Symbol('allowed');

function check(known: Known, request: FastifyRequest, authentication: Authentication): Verdict | Promise<Verdict> {
  if (authentication.kind === 'refused') {
    known.metrics.refused.inc({ reason: 'credentials' });
    countRefused(known.audit, 'credentials', request);
    return unauthorized(authentication.reason, ', error="invalid_token"');
  }
  if (authentication.kind === 'forbidden') {
    countRefused(known.audit, 'no-workspace', request);
    return new Problem({ status: 403, title: 'Forbidden', detail: authentication.reason });
  }
  const { principal } = authentication;
  request.principal = principal;
  const { config, url = '' } = request.routeOptions;
  const { about } = config;
  if (!about) {
    if (operationRoutes.has(url)) return allowed;
    throw new Error(`the route ${url} says nothing about who may use it`);
  }
  const named = workspaceOf(request);
  const impossible = named !== undefined && !Workspace.safeParse(named).success;
  const nothing = (): Problem => about.foreign?.(request) ?? noSuchWorkspace(named ?? '');
  if (impossible && principal.kind === 'token') return nothing();
  // A route that names no workspace is about the caller's own: its handler asks for nothing else. What cannot be a name is told nobody about.
  const workspace = impossible ? undefined : (named ?? (principal.kind === 'token' ? principal.workspace : undefined));
  const open = known.config.publicEcho && about.open === true;
  const decideWith = (facts: Resource): Verdict | Promise<Verdict> => {
    const decision = decide(known, { principal, action: about.action, resource: { workspace, open, ...facts } }, request);
    return decision instanceof Promise ? decision.then(verdictOf) : verdictOf(decision);
  };
  const verdictOf = (decision: Decision): Verdict => {
    if (decision.allow && impossible) return nothing();
    if (decision.allow) return refusalForState(known.workspaces, principal, about.action) ?? nullByte(request, about) ?? allowed;
    known.metrics.refused.inc({ reason: decision.reason });
    return denial(decision, about, request);
  };
  // Of one's own nothing more has to be known.
  if (named === undefined || principal.kind !== 'token' || principal.workspace === named) return decideWith({});
  return factsOf(known, named, request, about).then(decideWith);
}

/** What a decision about another workspace's depends on. */
async function factsOf({ processes, runs }: Known, workspace: string, request: FastifyRequest, { action }: RouteAbout): Promise<Resource> {
  const { process, run } = request.params as { process?: string; run?: string };
  if (action === 'process.list') return { offers: (await processes.offers(workspace)).size > 0 };
  if (action.startsWith('process.') && process !== undefined) return { offer: (await processes.offers(workspace)).get(process) };
  if (action === 'run.read' && run !== undefined) return { reader: (await runs.find(workspace, run))?.executingWorkspace };
  return {};
}

/** No database takes one: what is named so is not there, and no query asks for it. */
function nullByte(request: FastifyRequest, about: RouteAbout): Problem | undefined {
  // Cheap where there is none: both forms in which it can come.
  if (!/%00|\0/.test(request.url)) return undefined;
  const named = Object.entries(request.params as Record<string, string>).find(([name, value]) => name !== '*' && value.includes('\0'));
  if (named) return about.foreign?.(request) ?? new Problem({ status: 404, title: 'Not found', detail: `there is no such ${named[0]}` });
  const asked = Object.entries(request.query as Record<string, string | string[]>).find(([, value]) =>
    [value].flat().join('').includes('\0'),
  );
  return asked && new Problem({ status: 400, title: 'Bad request', detail: `${asked[0]}: a null character is no part of any value` });
}

function denial(decision: Decision & { allow: false }, about: RouteAbout, request: FastifyRequest): Problem {
  if (decision.reason === 'unauthenticated') return unauthorized(`${decision.message}: Authorization: Bearer rnl_…`, '');
  if (decision.reason !== 'foreign') return new Problem({ status: 403, title: 'Forbidden', detail: decision.message });
  return about.foreign?.(request) ?? noSuchWorkspace(workspaceOf(request) ?? '');
}

function unauthorized(detail: string, more: string): Problem {
  return new Problem({ status: 401, title: 'Unauthorized', detail, headers: { 'www-authenticate': `Bearer realm="runnel"${more}` } });
}

function noSuchWorkspace(workspace: string): Problem {
  return new Problem({ status: 404, title: 'Not found', detail: `there is no workspace "${workspace}" for this token` });
}

function workspaceOf(request: FastifyRequest): string | undefined {
  return (request.params as { workspace?: string } | undefined)?.workspace;
}

/** Workspace of a caller whom the policy let through with a token. */
export function callerOf(request: FastifyRequest): { workspace: string; name: string } {
  const { principal } = request;
  if (principal.kind !== 'token') throw new Error('this route has an anonymous caller');
  return { workspace: principal.workspace, name: `token:${principal.token}` };
}
