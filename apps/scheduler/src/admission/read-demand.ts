import type { ClientBase } from 'pg';
import type { ExecutorLoad, WaitingNode } from './admit.ts';
import type { Share } from './quotas.ts';

/** What the admitter decides upon, as of one instant. */
export interface Demand {
  waiting: (WaitingNode & { reason: string | null })[];
  executors: SuppliedExecutor[];
  /** Of the workspaces that wait and are not like all others. */
  shares: Map<string, Share>;
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
    priority: number;
    weight: number;
  }[];
  shares: {
    workspace: string;
    weight: number;
    priority: number;
    steps: number | null;
    cores: number | null;
    memoryMiB: number | null;
    hold: string | null;
  }[];
  executors: { id: string; backend: string; slots: number; cores: number; memoryMiB: number; accepting: boolean; cordon: string | null }[];
  held: { run: string; workspace: string; executor: string; steps: number; cores: number; memoryMiB: number; waited?: number | null }[];
  granted: {
    run: string;
    node: string;
    workspace: string;
    executor: string;
    steps: number;
    cores: number;
    memoryMiB: number;
    unheard: boolean;
    refused: boolean;
  }[];
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
  select r.run_id as run, r.node, r.workspace, r.count, r.cores, r.memory_mib as "memoryMiB", extract(epoch from r.since) * 1000 as since, r.reason,
    coalesce(o.priority, 0) as priority, coalesce(o.weight, 1) as weight
  from workspace w cross join lateral (select * from ready_nodes r where r.workspace = w.name order by r.since limit ${nodesPerWorkspace}) r
    left join runs o on o.id = r.run_id and not o.stopped and (o.priority <> 0 or o.weight <> 1)
), holds as (
  select workspace, min(reason) as reason from held_workspaces group by workspace
), shares as (
  select w.name as workspace, coalesce(q.weight, 1) as weight, coalesce(q.priority, 0) as priority, q.steps, q.cores,
    q.memory_mib as "memoryMiB", h.reason as hold
  from workspace w left join quotas q on q.workspace = w.name left join holds h on h.workspace = w.name
  where q.workspace is not null or h.workspace is not null
), alive as (
  select e.id, e.backend, e.slots, e.cores, e.memory_mib as "memoryMiB", e.accepting and c.executor is null and e.full_reason is null as accepting,
    coalesce(c.reason, e.full_reason) as cordon
  from executors e left join lateral (select * from cordons where executor in (e.id, '*') order by executor limit 1) c on true
  where e.lease_until > now() order by e.id
), held as (
  select run_id as run, workspace, executor, count(*) as steps, sum(cores) as cores, sum(memory_mib) as "memoryMiB",
    max(extract(epoch from now() - requested_at) * 1000) filter (where state = 'requested') as waited
  from steps where state in ('requested', 'running', 'stopping') group by run_id, workspace, executor
), granted as (
  select run_id as run, node, workspace, executor, sum(count) as steps, sum(count * cores) as cores, sum(count * memory_mib) as "memoryMiB",
    min(created_at) < now() - interval '1 second' as unheard, bool_or(refusal is not null) as refused
  from grants group by run_id, node, workspace, executor
)
select
  coalesce((select json_agg(waiting) from waiting), '[]') as waiting,
  coalesce((select json_agg(alive) from alive), '[]') as executors,
  coalesce((select json_agg(shares) from shares), '[]') as shares,
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
  const refused = new Set(row.granted.filter((grant) => grant.refused).map((grant) => `${grant.run} ${grant.node}`));
  return {
    waiting: row.waiting
      .filter((node) => !refused.has(`${node.run} ${node.node}`))
      .map((node) => ({
        ...node,
        count: node.count - (granted.get(`${node.run} ${node.node}`) ?? 0),
        active: active.get(node.run) ?? 0,
      })),
    shares: new Map(row.shares.map((share) => [share.workspace, shareOf(share, underWay)])),
    executors: row.executors.map((executor) => loadOf(executor, underWay)),
    unheard: [...new Set(row.granted.filter((grant) => grant.unheard).map((grant) => grant.run))],
  };
}

function totals<T>(parts: readonly T[], key: (part: T) => string, amount: (part: T) => number): Map<string, number> {
  const sums = new Map<string, number>();
  for (const part of parts) sums.set(key(part), (sums.get(key(part)) ?? 0) + amount(part));
  return sums;
}

function shareOf(
  { workspace, weight, priority, steps, cores, memoryMiB, hold }: DemandRow['shares'][number],
  underWay: readonly DemandRow['held'][number][],
): Share {
  const held = { steps: 0, cores: 0, memoryMiB: 0 };
  for (const part of underWay) if (part.workspace === workspace) add(held, part);
  const quota = {
    ...(steps === null ? {} : { steps }),
    ...(cores === null ? {} : { cores }),
    ...(memoryMiB === null ? {} : { memoryMiB }),
  };
  return { weight, priority, quota, held, ...(hold === null ? {} : { hold }) };
}

function add(sum: ExecutorLoad['held'], { steps, cores, memoryMiB }: ExecutorLoad['held']): void {
  sum.steps += steps;
  sum.cores += cores;
  sum.memoryMiB += memoryMiB;
}

function loadOf(executor: DemandRow['executors'][number], underWay: readonly DemandRow['held'][number][]): SuppliedExecutor {
  const held = { steps: 0, cores: 0, memoryMiB: 0 };
  let waited: number | undefined;
  for (const part of underWay) {
    if (part.executor !== executor.id) continue;
    add(held, part);
    if (typeof part.waited === 'number') waited = Math.max(waited ?? 0, part.waited);
  }
  return { ...executor, held, waited };
}
