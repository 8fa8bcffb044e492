import { crashPoint } from '@runnel/service';
import type { Messaging } from './connect.ts';
import type { Consumption } from './consume.ts';
import type { Delivered } from './delivered.ts';
import { readDeadLetter } from './dlq.ts';
import type { DeadLetter } from './dlq.ts';
import { startPull } from './pull.ts';
import { deadLetterDurable, durablePlans } from './topology.ts';

/**
 * Tells the scheduler of every dead letter, whichever service's, so that it marks the run on all faces (rule 12). What `handle` throws brings the
 * letter again.
 */
export function watchDeadLetters(messaging: Messaging, handle: (dead: DeadLetter) => Promise<void>): Consumption {
  const plan = durablePlans(messaging.prefix).find(({ durable }) => durable === deadLetterDurable);
  if (!plan) throw new Error(`${deadLetterDurable} is not declared`);
  let last: Promise<void> = Promise.resolve();
  const tell = async (raw: Delivered): Promise<void> => {
    try {
      await handle(readDeadLetter({ seq: raw.seq, headers: raw.headers, data: raw.data, time: new Date(raw.time).toISOString() }));
      crashPoint('dead-letter.before-ack');
      raw.ack();
      crashPoint('dead-letter.after-ack');
    } catch (error) {
      messaging.logger.error({ error, letter: raw.seq }, 'a dead letter could not be told');
      raw.nak(2000);
    }
    pull.release(1);
  };
  const pull = startPull({ messaging, plan }, 1, (raw) => {
    last = tell(raw);
  });
  return {
    close: async () => {
      await pull.close();
      await last;
    },
  };
}
