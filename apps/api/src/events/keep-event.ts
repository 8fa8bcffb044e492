import type { CloudEvent } from '@runnel/contracts';
import { gatherWrites, inTransaction, query } from '@runnel/postgres';
import type { Database, Transaction } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import type { ApiContext } from '../context.ts';
import { firingsOf } from '../triggers/add-firings.ts';

/** An event and where it came from. */
export interface KeptEvent {
  readonly workspace: string;
  /** `http`, `pipeline/{name}` or `runnel`. */
  readonly via: string;
  readonly event: CloudEvent;
  /** How many runs led to it, one after the other. */
  readonly depth: number;
}

/** Bytes of an event; also the limit of messages (rule 12). */
export const largestEvent = 512 * 1024;
/** Characters of a refused event that are kept. */
const keptOfRefused = 4000;
/** Refused events of a workspace that are kept. */
const mostRefused = 1000;

/** Keeps an event once by workspace, source and id, with the runs that the triggers of its workspace are to start. */
export type KeepEvent = (kept: KeptEvent) => Promise<'accepted' | 'known'>;

/** Events come by the hundred: those that come together are kept together. `mostDepth`: of runs that lead to each other. */
export const openEvents = (database: Database, mostDepth: number): KeepEvent =>
  gatherWrites((batch) => keepEvents(database, batch, mostDepth));

async function keepEvents({ pool }: Database, batch: readonly KeptEvent[], mostDepth: number): Promise<('accepted' | 'known')[]> {
  const positions = batch.map((_event, position) => position);
  const firings = await firingsOf({ pool }, batch, mostDepth);
  crashPoint('api.event.before-write');
  const { rows } = await pool.query<{ position: number }>({
    name: 'keep-events-and-firings',
    text: `
with came as (
  select * from unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::json[], $8::json[], $9::smallint[])
    as c (position, workspace, source, id, type, via, attributes, data, depth)
), kept as (
  insert into cloud_events (workspace, source, id, type, via, attributes, data, depth)
  select workspace, source, id, type, via, attributes, data, depth from came order by position on conflict do nothing
  returning workspace, source, id
), new as (
  -- Of copies that come together the first one is kept.
  select distinct on (workspace, source, id) c.* from came c join kept using (workspace, source, id) order by workspace, source, id, position
), firings as (
  select * from unnest($10::integer[], $11::uuid[], $12::text[], $13::text[], $14::integer[]) as f (position, trigger, outcome, reason, count)
), fired as (
  insert into trigger_firings (trigger_id, source, event_id, item, workspace, depth, outcome, reason)
  select f.trigger, n.source, n.id, item, n.workspace, n.depth, f.outcome, f.reason
  from new n join firings f using (position), generate_series(0, f.count - 1) as item on conflict do nothing
), marked as (
  update triggers t set attention = f.reason
  from (select distinct on (trigger) trigger, reason from firings join new using (position) where reason is not null order by trigger, position) f
  where t.id = f.trigger
)
select position from new`,
    values: [
      positions,
      ...columnsOf(batch.map(valuesOf)),
      ...columnsOf(
        firings.map(({ position, trigger, outcome, reason, count }) => [position, trigger, outcome, reason, count]),
        5,
      ),
    ],
  });
  crashPoint('api.event.after-write');
  const accepted = new Set(rows.map(({ position }) => position));
  return positions.map((position) => (accepted.has(position) ? 'accepted' : 'known'));
}

/** Rows as the arrays that `unnest` takes. */
const columnsOf = (rows: readonly unknown[][], width = rows[0]?.length ?? 0): unknown[][] =>
  Array.from({ length: width }, (_empty, column) => rows.map((row) => row[column]));

const insertion = `
insert into cloud_events (workspace, source, id, type, via, attributes, data, depth) values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict do nothing`;

function valuesOf({ workspace, via, event, depth }: KeptEvent): unknown[] {
  const { id, source, type } = event.attributes;
  const data = event.data === undefined ? null : JSON.stringify(event.data);
  return [workspace, source, id, type, via, JSON.stringify(event.attributes), data, Math.min(depth, 1000)];
}

/** False where it is there already. */
export async function insertEvent(tx: Transaction, kept: KeptEvent): Promise<boolean> {
  return (await query(tx, { name: 'keep-event', text: insertion, values: valuesOf(kept) })).count > 0;
}

/** Keeps what was refused, beside the reason; of each workspace the newest thousand. */
export async function keepRefusal(
  { database, metrics }: Pick<ApiContext, 'database' | 'metrics'>,
  { workspace, via, reason, body }: { workspace: string; via: string; reason: string; body: string },
): Promise<void> {
  metrics.events.inc({ outcome: 'refused' });
  await database.pool.query({
    name: 'keep-refusal',
    text: `
with gone as (
  delete from refused_events where workspace = $1
    and id < (select id from refused_events where workspace = $1 order by id desc offset ${mostRefused - 2} limit 1)
)
insert into refused_events (workspace, via, reason, body) values ($1, $2, $3, $4)`,
    // No database takes a null character.
    values: [workspace, via, reason.replaceAll('\0', '�'), body.slice(0, keptOfRefused).replaceAll('\0', '�')],
  });
}

/** How deep an event is that a run led to, or that says so itself: one more than the event that started the run. */
export async function depthOf(database: Database, workspace: string, event: CloudEvent, run?: string): Promise<number> {
  const { runneldepth: said, runnelrun: named = run } = event.attributes;
  const own = typeof said === 'number' && said > 0 ? Math.min(said, 1000) : 0;
  if (typeof named !== 'string' || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(named)) return own;
  return Math.max(own, await inTransaction(database, (tx) => depthOfRun(tx, workspace, named)));
}

/** How deep what a run leads to is: one more than the event that started it. */
export async function depthOfRun(tx: Transaction, workspace: string, run: string): Promise<number> {
  const { rows } = await query<{ depth: number }>(tx, {
    name: 'depth-of-run',
    text: 'select depth from trigger_firings where run_id = $1::uuid and workspace = $2',
    values: [run, workspace],
  });
  return (rows[0]?.depth ?? 0) + 1;
}
