import { query } from './transaction.ts';
import type { Transaction } from './transaction.ts';
import type { Write } from './write-together.ts';

/** A message that is published once its transaction is committed; libs/messaging makes these from contracts. */
export interface OutboxRow {
  /** The message's id; absent: the database draws one. */
  readonly id?: string;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
}

/** Bytes of payload in one statement. */
const statementBytes = 8 * 1024 * 1024;

const insert = {
  name: 'insert-outbox',
  text: `
insert into outbox (id, subject, headers, payload)
select coalesce(o.id, gen_random_uuid()), o.subject, o.headers, o.payload
from unnest($1::uuid[], $2::text[], $3::jsonb[], $4::text[]) as o (id, subject, headers, payload)`,
};

/** Queues messages with the transaction. Who owns the relay is woken by the caller after the commit, other processes by `notifyOutbox`. */
export async function insertOutbox(tx: Transaction, rows: readonly OutboxRow[]): Promise<void> {
  for (const write of outboxWrites(rows)) await query(tx, write);
}

/** The same as statements for `writeTogether`. */
export function outboxWrites(rows: readonly OutboxRow[]): Write[] {
  return splitOutbox(rows).map((part) => ({ ...insert, values: outboxColumns(part) }));
}

/** Wakes relays that listen in other processes, at commit. It serialises commits, so use it only where no relay of one's own is kicked. */
export async function notifyOutbox(tx: Transaction): Promise<void> {
  await query(tx, { name: 'notify-outbox', text: `select pg_notify('outbox', '')` });
}

export function outboxColumns(rows: readonly OutboxRow[]): unknown[][] {
  return [
    rows.map((row) => row.id ?? null),
    rows.map((row) => row.subject),
    rows.map((row) => JSON.stringify(row.headers)),
    rows.map((row) => row.payload),
  ];
}

/** Parts that fit one statement each. */
export function splitOutbox(rows: readonly OutboxRow[]): OutboxRow[][] {
  const parts: OutboxRow[][] = [];
  let size = Infinity;
  for (const row of rows) {
    if (size + row.payload.length > statementBytes) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(row);
    size += row.payload.length;
  }
  return parts;
}
