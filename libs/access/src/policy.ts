import type { Offer } from './offers.ts';
import type { Principal } from './principal.ts';

/** Everything a decision may depend on travels here: the policy (`deploy/policies/access.rego`) gets this object as its `input`. */
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

/** What routes ask for. The policy has a rule for each; a specification compares them. */
export const actions = [
  'service.describe',
  'service.observe',
  'process.list',
  'process.read',
  'process.source',
  'process.deploy',
  'process.execute',
  'run.list',
  'run.read',
  'run.update',
  'run.dismiss',
  'file.read',
  'file.write',
  'policy.write',
  'event.send',
  'event.read',
  'harvest.read',
  'harvest.hook',
  'harvest.push',
  'trigger.read',
  'trigger.write',
  'usage.read',
  'workspace.read',
  'workspace.manage',
  'history.read',
  'history.write',
  'token.read',
  'token.write',
  'token.exchange',
  'session.create',
  'executor.read',
  'executor.write',
  'quota.read',
  'tenant.read',
  'tenant.write',
  'quota.write',
  'dead-letter.read',
  'dead-letter.write',
] as const;

export type Action = (typeof actions)[number];

export const refusals = ['unauthenticated', 'foreign', 'scope', 'unknown'] as const;

/**
 * `unauthenticated`: say who you are · `foreign`: another workspace's · `scope`: the token may not do this · `unknown`: the policy, of another
 * release perhaps, has no rule for it.
 */
export type Refusal = (typeof refusals)[number];

export type Decision = { readonly allow: true } | { readonly allow: false; readonly reason: Refusal; readonly message: string };

/** Who decides. What no rule allows is refused. */
export interface Policy {
  /** At once where the policy is embedded; rejects with a `ServiceUnavailable` where whoever decides cannot be asked. */
  readonly decide: (input: PolicyInput) => Decision | Promise<Decision>;
  /** Rejects while it cannot decide. */
  ping(): Promise<void>;
}
