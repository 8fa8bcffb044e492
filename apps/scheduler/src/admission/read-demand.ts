import type { ClientBase } from 'pg';
import type { ExecutorLoad, WaitingNode } from './admit.ts';
import type { Share } from './quotas.ts';

/** Who waits, and what is their part. */
export interface Demand {
  workspaces: string[];
  /** Of those that are not like all others; nothing of it is under way. */
  shares: Map<string, Share>;
}

/** What the admitter decides upon in each round, but for the nodes that wait. */
export interface Supply {
  /** Some workspaces with nodes that were never looked at. */
  fresh: string[];
  executors: SuppliedExecutor[];
  /** What is granted, requested or running, by workspace. */
  held: ReadonlyMap<string, Share['held']>;
  /** Runs whose grants were written a while ago and still stand: their owner may not have heard. */
  unheard: string[];
  /** Elements granted, requested or running, by run. */
  active: ReadonlyMap<string, number>;
  /** Elements granted and not requested yet, by run and node; Infinity: the node is refused. */
  granted: ReadonlyMap<string, number>;
}

export type DemandedNode = WaitingNode & { reason: string | null };

/** An executor that lives; how much it may hold is the admitter's to say. */
export interface SuppliedExecutor extends Omit<ExecutorLoad, 'capacity'> {
  backend: string;
  /** Milliseconds for which the oldest of its elements has waited for a slot; undefined: none waits. */
  waited: number | undefined;
}

interface NodeRow {
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
}

interface DemandRow {
  workspaces: string[];
  shares: {
    workspace: string;
    weight: number;
    priority: number;
    steps: number | null;
    cores: number | null;
    memoryMiB: number | null;
    hold: string | null;
  }[];
}

interface SupplyRow {
  fresh: string[];
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

/** Workspaces with new nodes that are looked at in one pass beside those whose turn it is. */
const freshAtATime = 8;

/** Names in an index, one jump each, however many rows a name has. */
const namesOf = (name: string, condition: string): string => `
${name} (name) as (
  (select workspace from ready_nodes where ${condition} order by workspace limit 1)
  union all
  select (select r.workspace from ready_nodes r where ${condition} and r.workspace > w.name order by r.workspace limit 1)
  from ${name} w where w.name is not null
)`;

const readDemandText = {
  name: 'admission-demand',
  text: `
with recursive ${namesOf('workspace', 'true')}, holds as (
  select workspace, min(reason) as reason from held_workspaces group by workspace
), shares as (
  select w.name as workspace, coalesce(q.weight, 1) as weight, coalesce(q.priority, 0) as priority, q.steps, q.cores,
    q.memory_mib as "memoryMiB", h.reason as hold
  from workspace w left join quotas q on q.workspace = w.name left join holds h on h.workspace = w.name
  where q.workspace is not null or h.workspace is not null
)
select
  coalesce((select json_agg(name) from workspace where name is not null), '[]') as workspaces,
  coalesce((select json_agg(shares) from shares), '[]') as shares`,
};

/* One statement, so that an element that leaves grants for steps is counted once. */
const readSupplyText = {
  name: 'admission-supply',
  text: `
with recursive ${namesOf('fresh', "reason = 'waits for admission'")}, alive as (
  select e.id, e.backend, e.slots, e.cores, e.memory_mib as "memoryMiB",
    e.accepting and c.executor is null and e.full_reason is null as accepting, coalesce(c.reason, e.full_reason) as cordon
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
  coalesce((select json_agg(name) from (select name from fresh where name is not null limit ${freshAtATime}) f), '[]') as fresh,
  coalesce((select json_agg(alive) from alive), '[]') as executors,
  coalesce((select json_agg(held) from held), '[]') as held,
  coalesce((select json_agg(granted) from granted), '[]') as granted`,
};

/* After the supply: what was granted before and is requested meanwhile is then missing twice, and never there twice. */
const readNodesText = {
  name: 'admission-nodes',
  text: `
select r.run_id as run, r.node, r.workspace, r.count, r.cores, r.memory_mib as "memoryMiB", extract(epoch from r.since)::float8 * 1000 as since,
  r.reason, coalesce(o.priority, 0) as priority, coalesce(o.weight, 1) as weight
from unnest($1::text[]) w (name)
  cross join lateral (select * from ready_nodes r where r.workspace = w.name order by r.since limit ${nodesPerWorkspace}) r
  left join runs o on o.id = r.run_id and not o.stopped and (o.priority <> 0 or o.weight <> 1)`,
};

export async function readDemand(client: ClientBase): Promise<Demand> {
  const { rows } = await client.query<DemandRow>(readDemandText);
  const row = rows[0];
  if (!row) throw new Error('the demand statement returned no row');
  return { workspaces: row.workspaces, shares: new Map(row.shares.map((share) => [share.workspace, shareOf(share)])) };
}

export async function readSupply(client: ClientBase): Promise<Supply> {
  const { rows } = await client.query<SupplyRow>(readSupplyText);
  const row = rows[0];
  if (!row) throw new Error('the supply statement returned no row');
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
  for (const { refused, run, node } of row.granted) if (refused) granted.set(`${run} ${node}`, Infinity);
  return {
    fresh: row.fresh,
    held: heldBy(underWay),
    executors: row.executors.map((executor) => loadOf(executor, underWay)),
    unheard: [...new Set(row.granted.filter((grant) => grant.unheard).map((grant) => grant.run))],
    active,
    granted,
  };
}

/** Nodes that wait in these workspaces, without what is already granted. */
export async function readNodes(client: ClientBase, { active, granted }: Supply, workspaces: readonly string[]): Promise<DemandedNode[]> {
  const { rows } = await client.query<NodeRow>({ ...readNodesText, values: [workspaces] });
  return rows.flatMap((node) => {
    const given = granted.get(`${node.run} ${node.node}`) ?? 0;
    return given === Infinity ? [] : [{ ...node, count: node.count - given, active: active.get(node.run) ?? 0 }];
  });
}

function totals<T>(parts: readonly T[], key: (part: T) => string, amount: (part: T) => number): Map<string, number> {
  const sums = new Map<string, number>();
  for (const part of parts) sums.set(key(part), (sums.get(key(part)) ?? 0) + amount(part));
  return sums;
}

function shareOf({ weight, priority, steps, cores, memoryMiB, hold }: DemandRow['shares'][number]): Share {
  const quota = {
    ...(steps === null ? {} : { steps }),
    ...(cores === null ? {} : { cores }),
    ...(memoryMiB === null ? {} : { memoryMiB }),
  };
  return { weight, priority, quota, held: { steps: 0, cores: 0, memoryMiB: 0 }, ...(hold === null ? {} : { hold }) };
}

function heldBy(underWay: readonly SupplyRow['held'][number][]): Map<string, Share['held']> {
  const sums = new Map<string, Share['held']>();
  for (const part of underWay) {
    const sum = sums.get(part.workspace) ?? { steps: 0, cores: 0, memoryMiB: 0 };
    add(sum, part);
    sums.set(part.workspace, sum);
  }
  return sums;
}

function add(sum: ExecutorLoad['held'], { steps, cores, memoryMiB }: ExecutorLoad['held']): void {
  sum.steps += steps;
  sum.cores += cores;
  sum.memoryMiB += memoryMiB;
}

function loadOf(executor: SupplyRow['executors'][number], underWay: readonly SupplyRow['held'][number][]): SuppliedExecutor {
  const held = { steps: 0, cores: 0, memoryMiB: 0 };
  let waited: number | undefined;
  for (const part of underWay) {
    if (part.executor !== executor.id) continue;
    add(held, part);
    if (typeof part.waited === 'number') waited = Math.max(waited ?? 0, part.waited);
  }
  return { ...executor, held, waited };
}
