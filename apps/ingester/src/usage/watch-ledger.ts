import type { IngesterParts } from '../parts.ts';
import { recordMissed } from './record-missed.ts';

const second = 1000;
const minute = 60 * second;
/** Messages are kept so long (rule 12): what is older was told or is lost from the streams' own age. */
const longAgo = 3 * 24 * 60 * minute;
/** Milliseconds after a start or a reconnection: the streams may have been lost meanwhile. */
const looks = [5 * second, 15 * second];

export interface LedgerWatch {
  /** Resolves when nothing of it is under way. */
  close(): Promise<void>;
}

/** Looks for usage that no message told: thoroughly after NATS was away, and every minute among the runs of the last hour. */
export function watchLedger(parts: IngesterParts): LedgerWatch {
  const timers = new Set<NodeJS.Timeout>();
  let running: Promise<void> = Promise.resolve();

  const look = (age: number): void => {
    running = running.then(async () => {
      const now = new Date();
      try {
        const written = await recordMissed(parts, { acceptedSince: new Date(now.getTime() - age), seconds: 5, now });
        if (written > 0) parts.logger.info({ written }, 'usage recorded that no message told');
      } catch (error) {
        parts.logger.error({ error }, 'looking for missed usage failed; it is tried again in a minute');
      }
    });
  };
  const lookThoroughly = (): void => {
    for (const pause of looks) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        look(longAgo);
      }, pause);
      timers.add(timer);
    }
  };
  lookThoroughly();
  const forget = parts.messaging.onReconnect(lookThoroughly);
  const repeated = setInterval(() => look(60 * minute), minute);
  return {
    close: async () => {
      forget();
      clearInterval(repeated);
      for (const timer of timers) clearTimeout(timer);
      await running;
    },
  };
}
