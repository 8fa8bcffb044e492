import type { Principal } from './principal.ts';
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
}

/** `unauthenticated`: say who you are; `foreign`: another workspace's; `scope`: the token may not do this. */
export type Refusal = 'unauthenticated' | 'foreign' | 'scope';

export type Decision = { readonly allow: true } | { readonly allow: false; readonly reason: Refusal; readonly message: string };

/** `anyone`: without a token · `holder`: with any token · `owner`: with a token of the resource's workspace. */
interface Rule {
  readonly who: 'anyone' | 'holder' | 'owner';
  readonly scope?: Scope;
}

const rules = {
  'service.describe': { who: 'anyone' },
  'service.observe': { who: 'anyone' },
  'process.read': { who: 'owner', scope: 'read' },
  'process.deploy': { who: 'owner', scope: 'deploy' },
  'process.execute': { who: 'owner', scope: 'execute' },
  'run.read': { who: 'owner', scope: 'read' },
  'run.dismiss': { who: 'owner', scope: 'execute' },
  'file.read': { who: 'owner', scope: 'read' },
  'file.write': { who: 'owner', scope: 'write' },
  'usage.read': { who: 'owner', scope: 'read' },
  'token.read': { who: 'owner', scope: 'tokens' },
  'token.write': { who: 'owner', scope: 'tokens' },
  'executor.read': { who: 'holder', scope: 'read' },
  'dead-letter.read': { who: 'holder', scope: 'operator' },
  'dead-letter.write': { who: 'holder', scope: 'operator' },
} as const satisfies Record<string, Rule>;

export type Action = keyof typeof rules;

export const actions = Object.keys(rules) as readonly Action[];

/** What callers without a token may do where a resource is open. */
const openActions: ReadonlySet<Action> = new Set(['process.read', 'process.execute', 'run.read', 'run.dismiss']);

const allowed: Decision = { allow: true };

/** Decides one request; pure. What no rule allows is refused. */
export function decide({ principal, action, resource }: PolicyInput): Decision {
  const rule: Rule = rules[action];
  if (rule.who === 'anyone') return allowed;
  if (principal.kind === 'anonymous' && resource.open === true && openActions.has(action)) return allowed;
  if (principal.kind === 'anonymous') return refuse('unauthenticated', 'this needs a token');
  if (rule.who === 'owner' && resource.workspace !== principal.workspace) {
    return refuse('foreign', `the token is of workspace ${principal.workspace}`);
  }
  if (rule.scope !== undefined && !principal.scopes.includes(rule.scope)) {
    return refuse('scope', `the token lacks the scope "${rule.scope}"`);
  }
  return allowed;
}

function refuse(reason: Refusal, message: string): Decision {
  return { allow: false, reason, message };
}
