import type { ClientBase } from 'pg';
import type { Share } from './quotas.ts';
import type { ExecutorLoad } from './rooms.ts';
import { keyOf } from './waiting-nodes.ts';
import type { NodeKey, NodeRow, WaitingNodes } from './waiting-nodes.ts';

/** What the admitter decides upon, as of one instant, beside the nodes that wait. */
export interface Demand {
  executors: SuppliedExecutor[];
  /** Elements that are granted, requested or running, by run. */
  active: ReadonlyMap<string, number>;
  /** Of workspaces that are not like all others. */
  shares: ReadonlyMap<string, Share>;
  /** Runs whose grants were written a while ago and still stand: their owner may not have heard. */
  unheard: string[];
  /** The instant (pg_snapshot): the next reading begins with what it does not hold. */
  snapshot: string;
}

/** An executor that lives; how much it may hold is the admitter's to say. */
export interface SuppliedExecutor extends Omit<ExecutorLoad, 'capacity'> {
  backend: string;
  /** Milliseconds for which the oldest of its elements has waited for a slot; undefined: none waits. */
  waited: number | undefined;
}

interface DemandRow {
  snapshot: string;
  /** Nodes that changed; those without a count are gone. */
  changes: (NodeRow | { run: string; node: string; count: null })[];
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

const columns = `r.workspace, r.count, r.cores, r.memory_mib as "memoryMiB", extract(epoch from r.since) * 1000 as since, r.reason,
    coalesce(o.priority, 0) as priority, coalesce(o.weight, 1) as weight`;
const ofRun = 'left join runs o on o.id = r.run_id and not o.stopped and (o.priority <> 0 or o.weight <> 1)';

/** All nodes. */
const everything = `changes as (select r.run_id as run, r.node, ${columns} from ready_nodes r ${ofRun})`;

/** Nodes that changed since a snapshot, as they are now: each by its key (lateral), since no statistics tell the planner that they are few. */
const whatChanged = `seen as (
  select distinct run_id, node from ready_changes where tx >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(tx, $1::pg_snapshot)
), changed as (
  select run_id, node from seen where node is not null
  union
  select r.run_id, r.node from seen s cross join lateral (select * from ready_nodes n where n.run_id = s.run_id offset 0) r where s.node is null
), changes as (
  select c.run_id as run, c.node, ${columns} from changed c
    left join lateral (select * from ready_nodes n where n.run_id = c.run_id and n.node = c.node limit 1) r on true ${ofRun}
)`;

/* One statement, so that an element that leaves ready_nodes or grants for steps is counted once. */
const statement = (changes: string): string => `
with ${changes}, holds as (
  select workspace, min(reason) as reason from held_workspaces group by workspace
), shares as (
  select workspace, coalesce(q.weight, 1) as weight, coalesce(q.priority, 0) as priority, q.steps, q.cores, q.memory_mib as "memoryMiB",
    h.reason as hold
  from quotas q full join holds h using (workspace)
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
  pg_current_snapshot()::text as snapshot,
  coalesce((select json_agg(changes) from changes), '[]') as changes,
  coalesce((select json_agg(alive) from alive), '[]') as executors,
  coalesce((select json_agg(shares) from shares), '[]') as shares,
  coalesce((select json_agg(held) from held), '[]') as held,
  coalesce((select json_agg(granted) from granted), '[]') as granted`;

const readAll = { name: 'admission-demand', text: statement(everything) };
const readChanges = { name: 'admission-changes', text: statement(whatChanged) };

/**
 * Reads what to decide upon, and brings `waiting` in line with the same instant: by what changed since the snapshot of the reading before. Without
 * one `waiting` has to be empty.
 */
export async function readDemand(client: ClientBase, waiting: WaitingNodes, since?: string): Promise<Demand> {
  const { rows } = await client.query<DemandRow>(since === undefined ? readAll : { ...readChanges, values: [since] });
  const row = rows[0];
  if (!row) throw new Error('the demand statement returned no row');
  for (const change of row.changes) {
    if (change.count === null) waiting.remove(keyOf(change));
    else waiting.set(change);
  }
  waiting.subtract(grantedOf(row.granted));
  const underWay = [...row.held, ...row.granted];
  const held = heldBy(underWay, (part) => part.workspace);
  const onExecutors = heldBy(underWay, (part) => part.executor);
  return {
    active: new Map([...heldBy(underWay, (part) => part.run)].map(([run, { steps }]) => [run, steps])),
    shares: new Map(row.shares.map((share) => [share.workspace, shareOf(share, held.get(share.workspace) ?? nothing)])),
    executors: row.executors.map((executor) => {
      const { waited, ...load } = onExecutors.get(executor.id) ?? nothing;
      return { ...executor, held: load, waited };
    }),
    unheard: [...new Set(row.granted.filter((grant) => grant.unheard).map((grant) => grant.run))],
    snapshot: row.snapshot,
  };
}

/** Forgets changes that every reading since `snapshot` holds. */
export async function forgetChanges(client: ClientBase, snapshot: string): Promise<void> {
  await client.query({
    name: 'forget-ready-changes',
    text: 'delete from ready_changes where tx < pg_snapshot_xmin($1::pg_snapshot)',
    values: [snapshot],
  });
}

function grantedOf(grants: DemandRow['granted']): Map<NodeKey, number> {
  const counts = new Map<NodeKey, number>();
  for (const grant of grants) {
    const key = keyOf(grant);
    counts.set(key, grant.refused ? Infinity : (counts.get(key) ?? 0) + grant.steps);
  }
  return counts;
}

interface Held {
  steps: number;
  cores: number;
  memoryMiB: number;
  waited?: number | undefined;
}

const nothing: Held = { steps: 0, cores: 0, memoryMiB: 0 };

function heldBy(parts: readonly DemandRow['held'][number][], owner: (part: DemandRow['held'][number]) => string): Map<string, Held> {
  const sums = new Map<string, Held>();
  for (const part of parts) {
    const sum = sums.get(owner(part)) ?? { ...nothing };
    sum.steps += part.steps;
    sum.cores += part.cores;
    sum.memoryMiB += part.memoryMiB;
    if (typeof part.waited === 'number') sum.waited = Math.max(sum.waited ?? 0, part.waited);
    sums.set(owner(part), sum);
  }
  return sums;
}

function shareOf({ weight, priority, steps, cores, memoryMiB, hold }: DemandRow['shares'][number], held: Share['held']): Share {
  const quota = {
    ...(steps === null ? {} : { steps }),
    ...(cores === null ? {} : { cores }),
    ...(memoryMiB === null ? {} : { memoryMiB }),
  };
  return { weight, priority, quota, held, ...(hold === null ? {} : { hold }) };
}
