import { kindOf } from './offers.ts';
import type { Offer } from './offers.ts';
import type { Principal, TokenPrincipal } from './principal.ts';
import type { Scope } from './scopes.ts';

/** Everything a decision may depend on travels here: an external policy engine gets the same object as its `input`. */
export interface PolicyInput {
  readonly principal: Principal;
  readonly action: Action;
  readonly resource: Resource;
}

/** What is asked for. Absent: no workspace's in particular. */
export interface Resource {
  readonly workspace?: string | undefined;
  /** The administrator opened this route to callers without a token; its handler shows them only what is public. */
  readonly open?: boolean;
  /** Of a process: what its owner's policy says of it. */
  readonly offer?: Offer | undefined;
  /** Of a list of processes: others may see some of them. */
  readonly offers?: boolean | undefined;
  /** Of a run: who else may read it. */
  readonly reader?: string | undefined;
}

/** `unauthenticated`: say who you are; `foreign`: another workspace's; `scope`: the token may not do this. */
export type Refusal = 'unauthenticated' | 'foreign' | 'scope';

export type Decision = { readonly allow: true } | { readonly allow: false; readonly reason: Refusal; readonly message: string };

/**
 * `anyone`: without a token · `holder`: with any token · `owner`: with a token of the resource's workspace. The others are the owner and: `callers`,
 * whom the process is offered to; `readers`, who may have it as a public one; `visitors`, where there is something for them to see; `witnesses`,
 * in whose workspace the run executes.
 */
interface Rule {
  readonly who: 'anyone' | 'holder' | 'owner' | keyof typeof others;
  readonly scope?: Scope;
  /** With any scope, or a token that is for this alone. */
  readonly session?: boolean;
}

const others = {
  callers: ({ offer }: Resource): boolean => kindOf(offer) !== 'private',
  readers: ({ offer }: Resource): boolean => kindOf(offer) === 'public',
  visitors: ({ offers }: Resource): boolean => offers === true,
  witnesses: ({ reader }: Resource, { workspace }: TokenPrincipal): boolean => reader === workspace,
} as const;

const rules = {
  'service.describe': { who: 'anyone' },
  'service.observe': { who: 'anyone' },
  'process.list': { who: 'visitors', scope: 'read' },
  'process.read': { who: 'callers', scope: 'read' },
  'process.source': { who: 'readers', scope: 'read' },
  'process.deploy': { who: 'owner', scope: 'deploy' },
  'process.execute': { who: 'callers', scope: 'execute' },
  'run.list': { who: 'owner', scope: 'read' },
  'run.read': { who: 'witnesses', scope: 'read' },
  'run.update': { who: 'owner', scope: 'execute' },
  'run.dismiss': { who: 'owner', scope: 'execute' },
  'file.read': { who: 'owner', scope: 'read' },
  'file.write': { who: 'owner', scope: 'write' },
  'policy.write': { who: 'owner', scope: 'deploy' },
  'event.send': { who: 'owner', scope: 'execute' },
  'event.read': { who: 'owner', scope: 'read' },
  'harvest.read': { who: 'owner', scope: 'read' },
  'harvest.hook': { who: 'holder', scope: 'operator' },
  // Who signed it is checked by its handler.
  'harvest.push': { who: 'anyone' },
  'trigger.read': { who: 'owner', scope: 'read' },
  'trigger.write': { who: 'owner', scope: 'deploy' },
  'usage.read': { who: 'owner', scope: 'read' },
  'workspace.read': { who: 'owner', scope: 'read' },
  'workspace.manage': { who: 'owner', scope: 'manage' },
  'history.read': { who: 'owner', scope: 'read' },
  'history.write': { who: 'owner', scope: 'deploy' },
  'token.read': { who: 'owner', scope: 'tokens' },
  'token.write': { who: 'owner', scope: 'tokens' },
  'session.create': { who: 'owner', session: true },
  'executor.read': { who: 'holder', scope: 'read' },
  'executor.write': { who: 'holder', scope: 'operator' },
  'quota.read': { who: 'holder', scope: 'operator' },
  'tenant.read': { who: 'holder', scope: 'operator' },
  'tenant.write': { who: 'holder', scope: 'operator' },
  'quota.write': { who: 'holder', scope: 'operator' },
  'dead-letter.read': { who: 'holder', scope: 'operator' },
  'dead-letter.write': { who: 'holder', scope: 'operator' },
} as const satisfies Record<string, Rule>;

export type Action = keyof typeof rules;

export const actions = Object.keys(rules) as readonly Action[];

/** What callers without a token may do where a resource is open. */
const openActions: ReadonlySet<Action> = new Set([
  'process.list',
  'process.read',
  'process.source',
  'process.execute',
  'run.list',
  'run.read',
  'run.dismiss',
]);

const allowed: Decision = { allow: true };

/** Decides one request; pure. What no rule allows is refused. */
export function decide({ principal, action, resource }: PolicyInput): Decision {
  const rule: Rule = rules[action];
  if (rule.who === 'anyone') return allowed;
  if (principal.kind === 'anonymous' && resource.open === true && openActions.has(action)) return allowed;
  if (principal.kind === 'anonymous') return refuse('unauthenticated', 'this needs a token');
  if (!isAmong(rule.who, resource, principal)) return refuse('foreign', `the token is of workspace ${principal.workspace}`);
  if (rule.scope !== undefined && !principal.scopes.includes(rule.scope)) {
    return refuse('scope', `the token lacks the scope "${rule.scope}"`);
  }
  // A run's tools would outlive the run with one.
  const mayHaveSession = principal.run === undefined && (principal.scopes.length > 0 || principal.sessionScopes !== undefined);
  if (rule.session === true && !mayHaveSession) {
    return refuse('scope', 'the token lacks the scope of any session');
  }
  return allowed;
}

function isAmong(who: Exclude<Rule['who'], 'anyone'>, resource: Resource, principal: TokenPrincipal): boolean {
  if (who === 'holder' || resource.workspace === principal.workspace) return true;
  return who !== 'owner' && others[who](resource, principal);
}

function refuse(reason: Refusal, message: string): Decision {
  return { allow: false, reason, message };
}
