import { inTransaction, query } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import { insertEvent } from '../events/keep-event.ts';
import { addFirings } from './add-firings.ts';
import { dueTimes } from './cron-times.ts';
import type { TriggerRow } from './trigger-rows.ts';
import { triggerColumns } from './trigger-rows.ts';

export const cronType = 'runnel.cron.due.v1';

/** Notes the runs of every cron that is due, and when it is due next, in one transaction; how many crons that were. */
export async function fireCrons(database: Database, now: Date): Promise<number> {
  crashPoint('api.cron.before-write');
  const count = await inTransaction(database, async (tx) => {
    const { rows } = await query<TriggerRow>(tx, {
      name: 'due-crons',
      text: `
select ${triggerColumns} from triggers where kind = 'cron' and enabled and due_at <= $1 order by due_at limit 50 for update skip locked`,
      values: [now],
    });
    for (const trigger of rows) {
      const { id, workspace, definition, dueAt } = trigger;
      if (definition.on !== 'cron' || dueAt === null) continue;
      const { run, next } = dueTimes(definition, definition.missed, dueAt, now);
      for (const time of run) {
        const at = time.toISOString();
        const attributes = { specversion: '1.0', id: `${id}/${at}`, source: '/runnel/cron', type: cronType, time: at };
        const kept = { workspace, via: 'runnel', event: { attributes, data: { trigger: trigger.name, time: at } }, depth: 0 };
        if (await insertEvent(tx, kept)) await addFirings(tx, trigger, kept, 1);
      }
      await query(tx, { name: 'next-cron', text: 'update triggers set due_at = $2 where id = $1', values: [id, next ?? null] });
    }
    return rows.length;
  });
  crashPoint('api.cron.after-write');
  return count;
}
