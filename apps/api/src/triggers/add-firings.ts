import { matchesFilter, parseFilter } from '@runnel/contracts';
import type { CloudEvent } from '@runnel/contracts';
import { query } from '@runnel/postgres';
import type { Transaction } from '@runnel/postgres';
import type { KeptEvent } from '../events/keep-event.ts';
import { countRuns } from './map-inputs.ts';
import type { Trigger } from './trigger-definition.ts';
import type { TriggerRow } from './trigger-rows.ts';
import { markTrigger, triggerColumns } from './trigger-rows.ts';

/** Notes, with the event itself, every run that it is to start by the triggers of its workspace. */
export async function fireTriggers(tx: Transaction, kept: KeptEvent, mostDepth: number): Promise<void> {
  const { rows } = await query<TriggerRow>(tx, {
    name: 'triggers-of-events',
    text: `select ${triggerColumns} from triggers where workspace = $1 and kind = 'event' and enabled`,
    values: [kept.workspace],
  });
  for (const trigger of rows) if (concerns(trigger.definition, kept.event)) await addFirings(tx, trigger, kept, mostDepth);
}

function concerns(definition: Trigger, event: CloudEvent): boolean {
  if (definition.on !== 'event' || !isOfType(definition.type, event.attributes.type)) return false;
  if (definition.filter === undefined) return true;
  const parsed = parseFilter(definition.filter);
  return 'filter' in parsed && matchesFilter(parsed.filter, event);
}

/** Whether a trigger's type names an event's; a `*` at its end stands for any rest. */
export const isOfType = (wanted: string, type: string): boolean =>
  wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : wanted === type;

/**
 * One row per run that an event starts by a trigger: the key makes a second copy nothing. A chain of runs that is too long is stopped here, and
 * the trigger says so.
 */
export async function addFirings(
  tx: Transaction,
  trigger: Pick<TriggerRow, 'id' | 'definition'>,
  { workspace, event, depth }: Omit<KeptEvent, 'via'>,
  mostDepth: number,
): Promise<void> {
  const counted = countRuns(trigger.definition, event);
  const stopped =
    depth >= mostDepth
      ? `stopped as a loop: ${depth} runs led to each other by events; the last event is ${event.attributes.id}`
      : undefined;
  const reason = stopped ?? ('reason' in counted ? counted.reason : null);
  const outcome = stopped !== undefined ? 'stopped' : reason === null ? 'pending' : 'refused';
  await query(tx, {
    name: 'add-firings',
    text: `
insert into trigger_firings (trigger_id, source, event_id, item, workspace, depth, outcome, reason)
select $1, $2, $3, item, $4, $5, $6, $7 from generate_series(0, $8::integer - 1) as item on conflict do nothing`,
    values: [
      trigger.id,
      event.attributes.source,
      event.attributes.id,
      workspace,
      Math.min(depth, 1000),
      outcome,
      reason,
      'count' in counted && stopped === undefined ? counted.count : 1,
    ],
  });
  if (reason !== null) await markTrigger(tx, trigger.id, reason);
}
