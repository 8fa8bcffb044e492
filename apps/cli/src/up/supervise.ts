import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddedServer } from '@runnel/embedded';
import type { Logger } from '@runnel/service';

/** Milliseconds before a server that ended is started again. */
const pauses = [0, 250, 1000, 5000];

/** Starts a server and keeps it: where it ends by itself (killed, crashed), it is started again on the same port. Returns what ends it. */
export async function supervise<S extends EmbeddedServer>(
  name: string,
  start: () => Promise<S>,
  logger: Logger,
): Promise<{ first: S; stop: () => Promise<void> }> {
  const first = await start();
  let current = first;
  let stopping = false;
  const keep = async (): Promise<void> => {
    for (let failures = 0; ;) {
      const reason = await current.exited;
      if (stopping) return;
      logger.error({ reason }, `${name} ended; starting it again`);
      for (;;) {
        await sleep(pauses[Math.min(failures, pauses.length - 1)]);
        if (stopping) return;
        try {
          current = await start();
          break;
        } catch (error) {
          failures += 1;
          logger.error({ error }, `${name} does not start`);
        }
      }
    }
  };
  const kept = keep();
  return {
    first,
    stop: async () => {
      stopping = true;
      await current.stop();
      await kept;
    },
  };
}
