import type { Messaging } from './connect.ts';
import type { Consumption } from './consume.ts';
import { readDeadLetter } from './dlq.ts';
import type { DeadLetter } from './dlq.ts';
import { fetchOne, keepPulling } from './pull.ts';
import { deadLetterDurable, durablePlans } from './topology.ts';

/**
 * Tells the scheduler of every dead letter, whichever service's, so that it marks the run on all faces (rule 12). What `handle` throws brings the
 * letter again.
 */
export function watchDeadLetters(messaging: Messaging, handle: (dead: DeadLetter) => Promise<void>): Consumption {
  const plan = durablePlans(messaging.prefix).find(({ durable }) => durable === deadLetterDurable);
  if (!plan) throw new Error(`${deadLetterDurable} is not declared`);
  const stopping = new AbortController();
  const pulling = keepPulling({ messaging, plan }, stopping.signal, async (consumer) => {
    while (!stopping.signal.aborted) {
      const raw = await fetchOne(consumer, stopping.signal);
      if (!raw) continue;
      try {
        await handle(readDeadLetter({ seq: raw.seq, headers: raw.headers, data: raw.data, time: raw.time.toISOString() }));
        raw.ack();
      } catch (error) {
        messaging.logger.error({ error, letter: raw.seq }, 'a dead letter could not be told');
        raw.nak(2000);
      }
    }
  });
  return {
    close: async () => {
      stopping.abort();
      await pulling;
    },
  };
}
