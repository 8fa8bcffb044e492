import { BillingEvent } from '@runnel/contracts';
import type { DataOf } from '@runnel/contracts';
import { outboxRows, outgoing } from '@runnel/messaging';
import { inTransaction, insertOutbox, query, type Transaction } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import type { IngesterParts } from '../parts.ts';
import { billingUuid } from './billing-uuid.ts';

/** Any number that nobody else uses. */
const lockKey = 7253;

type Parts = Pick<IngesterParts, 'database' | 'messaging' | 'relay'>;
type Billed = DataOf<typeof BillingEvent>;

/**
 * Bills the window that has ended, once: what of the ledger no event holds yet is taken and told in one transaction, so that the sum of all events
 * is the sum of the ledger whatever is killed in between. What is written late stands in the window that follows. Windows begin at multiples of
 * `windowSeconds`. Returns the events.
 */
export async function writeBillingEvents({ database, messaging, relay }: Parts, now: Date, windowSeconds: number): Promise<Billed[]> {
  const span = windowSeconds * 1000;
  const end = new Date(Math.floor(now.getTime() / span) * span);
  const start = new Date(end.getTime() - span);
  const events = await inTransaction(database, async (tx) => {
    // One at a time; who comes second finds the window billed.
    await query(tx, { name: 'lock-billing', text: `select pg_advisory_xact_lock(${lockKey})` });
    const { rows } = await query<{ done: boolean }>(tx, {
      name: 'billing-done',
      text: 'select exists (select from billing_events where event_start >= $1) as done',
      values: [start],
    });
    if (rows[0]?.done === true) return [];
    const billed = (await takeUnbilled(tx, windowSeconds)).map(({ workspace, sku, quantity }) => ({
      uuid: billingUuid(workspace, sku, start),
      event_start: start.toISOString(),
      event_end: end.toISOString(),
      sku,
      user: null,
      workspace,
      quantity,
    }));
    await keep(tx, billed);
    await insertOutbox(
      tx,
      outboxRows(
        messaging,
        billed.map((event) => outgoing(BillingEvent, event)),
      ),
    );
    crashPoint('ingester.billing.before-commit');
    return billed;
  });
  crashPoint('ingester.billing.after-commit');
  if (events.length > 0) relay.kick();
  return events;
}

interface Quantity {
  workspace: string;
  sku: Billed['sku'];
  quantity: number;
}

/** What is stored now stands for the whole window. */
async function takeUnbilled(tx: Transaction, windowSeconds: number): Promise<Quantity[]> {
  const { rows } = await query<Quantity>(tx, {
    name: 'take-unbilled',
    text: `
with taken as (delete from unbilled returning workspace, cpu_seconds, memory_gb_seconds),
summed as (select workspace, sum(cpu_seconds) as cpu, sum(memory_gb_seconds) as memory from taken group by workspace)
select workspace, 'cpu-seconds' as sku, cpu as quantity from summed
union all select workspace, 'memory-gb-seconds', memory from summed
union all select workspace, 'storage-gb-seconds', sum(size) / 1e9::float8 * $1 from objects group by workspace having sum(size) > 0
order by workspace, sku`,
    values: [windowSeconds],
  });
  return rows;
}

async function keep(tx: Transaction, events: readonly Billed[]): Promise<void> {
  await query(tx, {
    name: 'keep-billing-events',
    text: `
insert into billing_events (uuid, workspace, sku, event_start, event_end, quantity)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::float8[])`,
    values: [
      events.map(({ uuid }) => uuid),
      events.map(({ workspace }) => workspace),
      events.map(({ sku }) => sku),
      events.map((event) => event.event_start),
      events.map((event) => event.event_end),
      events.map(({ quantity }) => quantity),
    ],
  });
}
