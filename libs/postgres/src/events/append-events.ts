import type { QueryResultRow } from 'pg';
import { errorCode, VersionConflict } from '../faults.ts';
import { query } from '../transaction.ts';
import type { Transaction } from '../transaction.ts';
import { outboxColumns, outboxWrites, splitOutbox } from '../outbox.ts';
import type { OutboxRow } from '../outbox.ts';
import type { Write } from '../write-together.ts';
import { eventText } from './event-text.ts';

/** What one run's decider decided: events that follow `expectedVersion`. */
export interface RunAppend {
  runId: string;
  /** Version of the last event the decision was based on; 0: none. */
  expectedVersion: number;
  /** `at`: RFC 3339. */
  events: readonly { type: string; data: object; at: string }[];
}

/*
 * The primary key refuses a version that is taken. The second condition refuses a gap: after the database was restored from a copy, a decider's
 * memory may be ahead of it.
 */
const append = {
  name: 'append-events',
  text: `
with appended as (
  insert into events (run_id, version, type, data, time)
  select a.run_id, a.version, a.type, a.data, a.time
  from unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::json[], $6::timestamptz[]) as a (run_id, expected, version, type, data, time)
  where a.expected = 0 or exists (select from events e where e.run_id = a.run_id and e.version = a.expected)
  returning run_id
), queued as (
  insert into outbox (id, subject, headers, payload)
  select coalesce(o.id, gen_random_uuid()), o.subject, o.headers, o.payload
  from unnest($7::uuid[], $8::text[], $9::jsonb[], $10::text[]) as o (id, subject, headers, payload)
)
select array(select distinct run_id from appended) as runs`,
};

/**
 * Appends the events of any number of runs and their messages in one statement (rule 2). Rejects with VersionConflict, which names the runs to
 * load again, and with ValueTooLarge; the transaction is lost in both cases.
 */
export async function appendEvents(tx: Transaction, appends: readonly RunAppend[], outbox: readonly OutboxRow[] = []): Promise<void> {
  for (const { check, explain, ...statement } of appendWrites(appends, outbox)) {
    const { rows } = await query(tx, statement).catch(explain);
    check?.(rows);
  }
}

/** The same as statements for `writeTogether`; throws ValueTooLarge. */
export function appendWrites(appends: readonly RunAppend[], outbox: readonly OutboxRow[] = []): Write[] {
  const rows = appends.flatMap(({ runId, expectedVersion, events }) =>
    events.map((event, index) => ({
      runId,
      expectedVersion,
      version: expectedVersion + 1 + index,
      type: event.type,
      data: eventText(event),
      time: event.at,
    })),
  );
  const [first = [], ...others] = splitOutbox(outbox);
  if (rows.length === 0) return outboxWrites(outbox);
  const values = [
    rows.map((row) => row.runId),
    rows.map((row) => row.expectedVersion),
    rows.map((row) => row.version),
    rows.map((row) => row.type),
    rows.map((row) => row.data),
    rows.map((row) => row.time),
    ...outboxColumns(first),
  ];
  const check = (answer: readonly QueryResultRow[]): void => {
    const appended = new Set(answer[0]?.['runs'] as string[]);
    const refused = appends.filter(({ runId, events }) => events.length > 0 && !appended.has(runId)).map(({ runId }) => runId);
    if (refused.length > 0) throw new VersionConflict(refused);
  };
  // Where nothing goes before, only the key can refuse, which is a fault of the statement.
  const follows = appends.some(({ expectedVersion }) => expectedVersion > 0);
  return [{ ...append, values, ...(follows ? { check } : {}), explain: nameConflict }, ...others.flatMap(outboxWrites)];
}

/** The server names the first key that was taken: `Key (run_id, version)=(0193…, 7) already exists.` */
function nameConflict(error: unknown): never {
  const detail = typeof error === 'object' && error !== null && 'detail' in error && typeof error.detail === 'string' ? error.detail : '';
  const run = /=\(([0-9a-f-]{36}), \d+\)/.exec(detail)?.[1];
  if (errorCode(error) === '23505' && run !== undefined) throw new VersionConflict([run], { cause: error });
  throw error;
}
