import { matchesFilter, parseFilter } from '@runnel/contracts';
import type { CloudEvent } from '@runnel/contracts';
import { query } from '@runnel/postgres';
import type { Database, Transaction } from '@runnel/postgres';
import type { KeptEvent } from '../events/keep-event.ts';
import { countRuns } from './map-inputs.ts';
import type { Trigger } from './trigger-definition.ts';
import type { TriggerRow } from './trigger-rows.ts';
import { markTrigger, triggerColumns } from './trigger-rows.ts';

/** Runs that an event is to start by one trigger, or why it starts none. */
interface Firings {
  readonly trigger: string;
  readonly outcome: 'pending' | 'stopped' | 'refused';
  readonly reason: string | null;
  /** Rows: one per run, or one that says why there is none. */
  readonly count: number;
}

/** What events are to start by the triggers of their workspaces, each with the event's position among them. */
export async function firingsOf(
  { pool }: Pick<Database, 'pool'>,
  events: readonly Omit<KeptEvent, 'via'>[],
  mostDepth: number,
): Promise<(Firings & { readonly position: number })[]> {
  const { rows } = await pool.query<TriggerRow>({
    name: 'triggers-of-events',
    text: `select ${triggerColumns} from triggers where workspace = any($1) and kind = 'event' and enabled`,
    values: [[...new Set(events.map(({ workspace }) => workspace))]],
  });
  return events.flatMap((kept, position) =>
    rows
      .filter(({ workspace, definition }) => workspace === kept.workspace && concerns(definition, kept.event))
      .map((trigger) => ({ position, ...planFirings(trigger, kept, mostDepth) })),
  );
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

/** A chain of runs that is too long is stopped here. */
function planFirings(
  { id, definition }: Pick<TriggerRow, 'id' | 'definition'>,
  { event, depth }: Pick<KeptEvent, 'event' | 'depth'>,
  mostDepth: number,
): Firings {
  if (depth >= mostDepth) {
    const reason = `stopped as a loop: ${depth} runs led to each other by events; the last event is ${event.attributes.id}`;
    return { trigger: id, outcome: 'stopped', reason, count: 1 };
  }
  const counted = countRuns(definition, event);
  if ('reason' in counted) return { trigger: id, outcome: 'refused', reason: counted.reason, count: 1 };
  return { trigger: id, outcome: 'pending', reason: null, count: counted.count };
}

/** Notes the runs that an event starts by a trigger: the key makes a second copy nothing. Why it starts none stands on the trigger. */
export async function addFirings(
  tx: Transaction,
  trigger: Pick<TriggerRow, 'id' | 'definition'>,
  kept: Omit<KeptEvent, 'via'>,
  mostDepth: number,
): Promise<void> {
  const { workspace, event, depth } = kept;
  const { outcome, reason, count } = planFirings(trigger, kept, mostDepth);
  await query(tx, {
    name: 'add-firings',
    text: `
insert into trigger_firings (trigger_id, source, event_id, item, workspace, depth, outcome, reason)
select $1, $2, $3, item, $4, $5, $6, $7 from generate_series(0, $8::integer - 1) as item on conflict do nothing`,
    values: [trigger.id, event.attributes.source, event.attributes.id, workspace, Math.min(depth, 1000), outcome, reason, count],
  });
  if (reason !== null) await markTrigger(tx, trigger.id, reason);
}
