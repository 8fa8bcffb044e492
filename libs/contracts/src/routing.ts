import type { Contract } from './contract.ts';

/** Runs hash to this many partitions (rule 7); a change needs a migration of `runs.partition`. */
export const partitionCount = 16;

/** Partition of a run, 0 to 15: FNV-1a over its id, folded. The same in every release: rows and subjects carry it. */
export function partitionOf(run: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < run.length; i += 1) hash = Math.imul(hash ^ run.charCodeAt(i), 0x01000193);
  return ((hash >>> 24) ^ (hash >>> 16) ^ (hash >>> 8) ^ hash) & (partitionCount - 1);
}

/** Subject token of a partition: 3 → `p03`. */
export function partitionToken(partition: number): string {
  return `p${String(partition).padStart(2, '0')}`;
}

/** What a message is routed by: the run's id, the executor shard or the workspace. */
export interface Route {
  readonly run?: string | undefined;
  readonly shard?: string | undefined;
  readonly workspace?: string | undefined;
}

/** Last token of the subject (see `Contract.routedBy`). Throws where the route lacks what the contract is routed by. */
export function tokenOf(contract: Contract, route: Route): string | undefined {
  if (contract.routedBy === 'none') return undefined;
  const value = route[contract.routedBy];
  if (value === undefined) throw new Error(`${contract.name} is routed by its ${contract.routedBy}, which was not given`);
  return contract.routedBy === 'run' ? partitionToken(partitionOf(value)) : value;
}

/** `{prefix}.{name}[.{token}]`, e.g. `rn.step.finished.p07`. */
export function subjectOf(contract: Pick<Contract, 'name'>, token: string | undefined, prefix: string): string {
  return token === undefined ? `${prefix}.${contract.name}` : `${prefix}.${contract.name}.${token}`;
}

/** Subject that matches every message of the contract, e.g. `rn.step.finished.*`. */
export function subjectPattern(contract: Pick<Contract, 'name' | 'routedBy'>, prefix: string): string {
  return subjectOf(contract, contract.routedBy === 'none' ? undefined : '*', prefix);
}

/** `ce-type` of the contract: `runnel.step.finished.v1`. */
export function typeOf(contract: Pick<Contract, 'name' | 'version'>): string {
  return `runnel.${contract.name}.v${contract.version}`;
}

/**
 * Steps that a process executor with so many slots is handed at most: those that run, and a queue of short ones that hides the way of the next
 * requests and lets the services work in batches.
 */
export function mostHeld(slots: number): number {
  return 16 * slots + 8;
}
