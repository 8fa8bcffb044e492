import { hash } from 'node:crypto';
import { inTransaction, query } from '@runnel/postgres';
import type { Database, Transaction } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import { depthOfRun, insertEvent } from '../events/keep-event.ts';
import { addFirings } from './add-firings.ts';
import type { Trigger } from './trigger-definition.ts';
import type { TriggerRow } from './trigger-rows.ts';
import { endedLately, triggerColumns } from './trigger-rows.ts';

export const endType = 'runnel.run.ended.v1';

interface Ended {
  readonly run: string;
  readonly process: string;
  readonly status: string;
  readonly at: Date;
}

type After = Trigger & { on: 'after' };

/** What is looked at again: clocks differ, and what ended first may be committed last. Less than what `endedLately` remembers. */
const again = '10 minutes';

/** Notes the runs of every trigger that waits for other runs; how many ends or sets of ends it was that started some. */
export async function fireAfterRuns(database: Database, mostDepth: number): Promise<number> {
  const { rows } = await database.pool.query<{ id: string }>({
    name: 'after-triggers',
    text: `select id from triggers where kind = 'after' and enabled order by due_at limit 1000`,
  });
  let fired = 0;
  for (const { id } of rows) {
    crashPoint('api.after.before-write');
    fired += await inTransaction(database, (tx) => fireOne(tx, id, mostDepth));
    crashPoint('api.after.after-write');
  }
  return fired;
}

async function fireOne(tx: Transaction, id: string, mostDepth: number): Promise<number> {
  const { rows } = await query<TriggerRow>(tx, {
    name: 'lock-after-trigger',
    text: `select ${triggerColumns} from triggers where id = $1 and kind = 'after' and enabled for update skip locked`,
    values: [id],
  });
  const trigger = rows[0];
  if (trigger?.definition.on !== 'after') return 0;
  const { definition } = trigger;
  const ends = definition.when === 'any' ? await endsSince(tx, trigger, definition) : await lastEnds(tx, trigger, definition);
  const sets = definition.when === 'any' ? ends.map((end) => [end]) : ends.length === new Set(definition.processes).size ? [ends] : [];
  for (const set of sets) await fireSet(tx, trigger, set, mostDepth);
  await query(tx, {
    name: 'looked-after',
    // Rarely: a row changed each second would be all there is to do.
    text: `update triggers set due_at = now() where id = $1 and due_at < now() - interval '1 minute'`,
    values: [id],
  });
  return sets.length;
}

async function fireSet(tx: Transaction, trigger: TriggerRow, ends: readonly Ended[], mostDepth: number): Promise<void> {
  const { workspace } = trigger;
  const runs = ends.map(({ run }) => run).sort();
  const named = runs.length === 1 ? (runs[0] ?? '') : hash('sha256', runs.join(' '));
  const attributes = { specversion: '1.0', id: `${trigger.id}/${named}`, source: '/runnel/runs', type: endType };
  const told = ends.map(({ run, process, status, at }) => ({ run, process, status, finished: at.toISOString() }));
  const depths: number[] = [];
  for (const run of runs) depths.push(await depthOfRun(tx, workspace, run));
  const data = { ...(told.length === 1 ? told[0] : {}), runs: told };
  const kept = { workspace, via: 'runnel', event: { attributes, data }, depth: Math.max(...depths) };
  if (await insertEvent(tx, kept)) await addFirings(tx, trigger, kept, mostDepth);
  const last = ends.reduce((latest, { at }) => (at > latest ? at : latest), new Date(0));
  if (trigger.definition.on === 'after' && trigger.definition.when === 'all')
    await query(tx, {
      name: 'counted-until',
      text: `update triggers set since = greatest(since, $2), counted = ${endedLately('workspace', '$3')} where id = $1`,
      values: [trigger.id, last, trigger.definition.processes],
    });
}

const statusesOf = ({ status }: After): string[] => (status === 'ended' ? ['successful', 'failed', 'dismissed'] : [status]);

/** Ends that this trigger has not answered yet. */
async function endsSince(tx: Transaction, { id, workspace, createdAt }: TriggerRow, definition: After): Promise<Ended[]> {
  const { rows } = await query<Ended>(tx, {
    name: 'ends-since',
    text: `
with counted as materialized (select unnest(counted) as run from triggers where id = $1)
select r.id as run, r.process_id as process, r.phase as status, r.finished_at as at from runs r join triggers t on t.id = $1
where r.workspace = $2 and r.process_id = any($3) and r.phase = any($4)
  and r.finished_at > greatest($5::timestamptz, t.due_at) - interval '${again}'
  and not exists (select from counted c where c.run = r.id)
  and not exists (select from cloud_events e where e.workspace = $2 and e.source = '/runnel/runs' and e.id = $1::uuid || '/' || r.id)
order by r.finished_at limit 100`,
    values: [id, workspace, definition.processes, statusesOf(definition), createdAt],
  });
  return rows;
}

/** The last end of each process since the trigger last fired. */
async function lastEnds(tx: Transaction, { id, workspace }: TriggerRow, definition: After): Promise<Ended[]> {
  const { rows } = await query<Ended>(tx, {
    name: 'last-ends',
    text: `
with counted as materialized (select unnest(counted) as run from triggers where id = $1)
select distinct on (r.process_id) r.id as run, r.process_id as process, r.phase as status, r.finished_at as at
from runs r join triggers t on t.id = $1
where r.workspace = $2 and r.process_id = any($3) and r.phase = any($4) and r.finished_at > t.since - interval '${again}'
  and not exists (select from counted c where c.run = r.id)
order by r.process_id, r.finished_at desc`,
    values: [id, workspace, definition.processes, statusesOf(definition)],
  });
  return rows;
}
