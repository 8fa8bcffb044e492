import type { ClientBase } from 'pg';
import type { ExecutorLoad, WaitingNode } from './admit.ts';

/** What the admitter decides upon, as of one instant. */
export interface Demand {
  waiting: (WaitingNode & { reason: string | null })[];
  executors: SuppliedExecutor[];
  /** Runs whose grants were written a while ago and still stand: their owner may not have heard. */
  unheard: string[];
}

/** An executor that lives; how much it may hold is the admitter's to say. */
export interface SuppliedExecutor extends Omit<ExecutorLoad, 'capacity'> {
  backend: string;
  /** Milliseconds for which the oldest of its elements has waited for a slot; undefined: none waits. */
  waited: number | undefined;
}

interface DemandRow {
  waiting: {
    run: string;
    node: string;
    workspace: string;
    count: number;
    cores: number;
    memoryMiB: number;
    since: number;
    reason: string | null;
  }[];
  executors: { id: string; backend: string; slots: number; cores: number; memoryMiB: number; accepting: boolean }[];
  held: { run: string; executor: string; steps: number; cores: number; memoryMiB: number; waited?: number | null }[];
  granted: { run: string; node: string; executor: string; steps: number; cores: number; memoryMiB: number; unheard: boolean }[];
}

/** Of each workspace the oldest nodes are looked at: the pass stays short however long the queue is. */
const nodesPerWorkspace = 200;

/* One statement, so that an element that leaves ready_nodes or grants for steps is counted once. */
const read = {
  name: 'admission-demand',
  text: `
with recursive workspace (name) as (
  (select workspace from ready_nodes order by workspace limit 1)
  union all
  select (select r.workspace from ready_nodes r where r.workspace > w.name order by r.workspace limit 1) from workspace w where w.name is not null
), waiting as (
  select r.run_id as run, r.node, r.workspace, r.count, r.cores, r.memory_mib as "memoryMiB", extract(epoch from r.since) * 1000 as since, r.reason
  from workspace w cross join lateral (select * from ready_nodes r where r.workspace = w.name order by r.since limit ${nodesPerWorkspace}) r
), alive as (
  select id, backend, slots, cores, memory_mib as "memoryMiB", accepting from executors where lease_until > now() order by id
), held as (
  select run_id as run, executor, count(*) as steps, sum(cores) as cores, sum(memory_mib) as "memoryMiB",
    max(extract(epoch from now() - requested_at) * 1000) filter (where state = 'requested') as waited
  from steps where state in ('requested', 'running', 'stopping') group by run_id, executor
), granted as (
  select run_id as run, node, executor, sum(count) as steps, sum(count * cores) as cores, sum(count * memory_mib) as "memoryMiB",
    min(created_at) < now() - interval '1 second' as unheard
  from grants group by run_id, node, executor
)
select
  coalesce((select json_agg(waiting) from waiting), '[]') as waiting,
  coalesce((select json_agg(alive) from alive), '[]') as executors,
  coalesce((select json_agg(held) from held), '[]') as held,
  coalesce((select json_agg(granted) from granted), '[]') as granted`,
};

export async function readDemand(client: ClientBase): Promise<Demand> {
  const { rows } = await client.query<DemandRow>(read);
  const row = rows[0];
  if (!row) throw new Error('the demand statement returned no row');
  const underWay = [...row.held, ...row.granted];
  const active = totals(
    underWay,
    (part) => part.run,
    (part) => part.steps,
  );
  const granted = totals(
    row.granted,
    (grant) => `${grant.run} ${grant.node}`,
    (grant) => grant.steps,
  );
  return {
    waiting: row.waiting.map((node) => ({
      ...node,
      count: node.count - (granted.get(`${node.run} ${node.node}`) ?? 0),
      active: active.get(node.run) ?? 0,
    })),
    executors: row.executors.map((executor) => loadOf(executor, underWay)),
    unheard: [...new Set(row.granted.filter((grant) => grant.unheard).map((grant) => grant.run))],
  };
}

function totals<T>(parts: readonly T[], key: (part: T) => string, amount: (part: T) => number): Map<string, number> {
  const sums = new Map<string, number>();
  for (const part of parts) sums.set(key(part), (sums.get(key(part)) ?? 0) + amount(part));
  return sums;
}

function loadOf(executor: DemandRow['executors'][number], underWay: readonly DemandRow['held'][number][]): SuppliedExecutor {
  const held = { steps: 0, cores: 0, memoryMiB: 0 };
  let waited: number | undefined;
  for (const part of underWay) {
    if (part.executor !== executor.id) continue;
    held.steps += part.steps;
    held.cores += part.cores;
    held.memoryMiB += part.memoryMiB;
    if (typeof part.waited === 'number') waited = Math.max(waited ?? 0, part.waited);
  }
  return { ...executor, held, waited };
}
