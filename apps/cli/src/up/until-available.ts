import { setTimeout as sleep } from 'node:timers/promises';
import { isUnavailable as isDatabaseAway } from '@runnel/postgres';
import { isUnavailable, type Logger } from '@runnel/service';

/** Milliseconds between attempts. */
const pauses = [100, 250, 500, 1000, 2000];

/** Does the work as soon as what it needs answers: a Postgres or NATS that is away for a moment while Runnel starts ends nothing. */
export async function untilAvailable<T>(what: string, work: () => Promise<T>, logger: Logger): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isUnavailable(error) && !isDatabaseAway(error)) throw error;
      logger.warn({ attempt, reason: error instanceof Error ? error.message : String(error) }, `${what} waits for what it needs`);
      await sleep(pauses[Math.min(attempt, pauses.length - 1)]);
    }
  }
}
