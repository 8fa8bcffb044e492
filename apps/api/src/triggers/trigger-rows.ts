import { randomUUID } from 'node:crypto';
import type { Database, Transaction } from '@runnel/postgres';
import { query } from '@runnel/postgres';
import { nextTimes } from './cron-times.ts';
import type { Trigger } from './trigger-definition.ts';

export interface TriggerRow {
  readonly id: string;
  readonly workspace: string;
  readonly name: string;
  readonly definition: Trigger;
  readonly principal: string;
  readonly createdAt: Date;
  readonly dueAt: Date | null;
  readonly since: Date | null;
  readonly attention: string | null;
}

export const triggerColumns = `
id, workspace, name, definition, principal, created_at as "createdAt", due_at as "dueAt", since, attention`;

type Pool = Pick<Database, 'pool'>;

/** Stores a new trigger; false where the workspace has one of this name. */
export async function insertTrigger(
  { pool }: Pool,
  { workspace, name, principal }: Pick<TriggerRow, 'workspace' | 'name' | 'principal'>,
  definition: Trigger,
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'insert-trigger',
    text: `
insert into triggers (id, workspace, name, kind, definition, enabled, principal, created_at, due_at, since, counted)
values ($1, $2, $3, $4, $5, $6, $7, now(), coalesce($8, now()), now(), ${endedLately('$2', '$9')}) on conflict (workspace, name) do nothing`,
    values: [
      ...[randomUUID(), workspace, name, definition.on, JSON.stringify(definition), definition.enabled, principal],
      await dueOf(pool, definition),
      waitsFor(definition),
    ],
  });
  return rowCount === 1;
}

/** Puts another definition in place of a trigger's; what it did stays. False where there is none of this name. */
export async function replaceTrigger(
  { pool }: Pool,
  { workspace, name, principal }: Pick<TriggerRow, 'workspace' | 'name' | 'principal'>,
  definition: Trigger,
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'replace-trigger',
    text: `
update triggers set kind = $3, definition = $4, enabled = $5, principal = $6, due_at = coalesce($7, now()), since = now(), attention = null,
  counted = ${endedLately('$1', '$8')}
where workspace = $1 and name = $2`,
    values: [
      ...[workspace, name, definition.on, JSON.stringify(definition), definition.enabled, principal],
      await dueOf(pool, definition),
      waitsFor(definition),
    ],
  });
  return rowCount === 1;
}

/**
 * Runs of these processes that have ended, of those that may count as ended lately: which of them a trigger has counted is remembered by name, since
 * the time of an end is by the clock of whoever told it.
 */
export const endedLately = (workspace: string, processes: string): string => `
array(select id from runs where workspace = ${workspace} and process_id = any(${processes}) and finished_at > now() - interval '20 minutes')`;

const waitsFor = (definition: Trigger): string[] => (definition.on === 'after' ? definition.processes : []);

/** When a cron is next due, by the database's clock: those of the replicas may differ. */
async function dueOf(pool: Database['pool'], definition: Trigger): Promise<Date | null> {
  return definition.on === 'cron' ? (nextTimes(definition, await databaseTime(pool), 1)[0] ?? null) : null;
}

export async function databaseTime(pool: Database['pool']): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>('select now()');
  return rows[0]?.now ?? new Date();
}

/** Removes a trigger and what is known of its firings; runs it started go on. */
export async function deleteTrigger({ pool }: Pool, workspace: string, name: string): Promise<boolean> {
  const { rowCount } = await pool.query('delete from triggers where workspace = $1 and name = $2', [workspace, name]);
  return rowCount === 1;
}

export async function listTriggers({ pool }: Pool, workspace: string): Promise<TriggerRow[]> {
  const text = `select ${triggerColumns} from triggers where workspace = $1 order by name`;
  return (await pool.query<TriggerRow>({ name: 'list-triggers', text, values: [workspace] })).rows;
}

export async function findTrigger({ pool }: Pool, workspace: string, name: string): Promise<TriggerRow | undefined> {
  const text = `select ${triggerColumns} from triggers where workspace = $1 and name = $2`;
  return (await pool.query<TriggerRow>({ name: 'find-trigger', text, values: [workspace, name] })).rows[0];
}

/** The last firings of a trigger, newest first. */
export async function lastFirings({ pool }: Pool, trigger: string): Promise<object[]> {
  const { rows } = await pool.query<{ source: string; event: string; item: number; depth: number; outcome: string; at: Date } & Ends>({
    name: 'last-firings',
    text: `
select source, event_id as event, item, depth, outcome, reason, run_id as run, at from trigger_firings
where trigger_id = $1 order by at desc, event_id, item limit 20`,
    values: [trigger],
  });
  return rows.map(({ reason, run, at, ...row }) => ({
    ...row,
    ...(reason === null ? {} : { reason }),
    ...(run === null ? {} : { run }),
    at: at.toISOString(),
  }));
}

interface Ends {
  reason: string | null;
  run: string | null;
}

/** Says on the trigger why a person should look. */
export async function markTrigger(tx: Transaction, trigger: string, attention: string): Promise<void> {
  await query(tx, { name: 'mark-trigger', text: 'update triggers set attention = $2 where id = $1', values: [trigger, attention] });
}
