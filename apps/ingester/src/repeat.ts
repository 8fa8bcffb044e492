import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@runnel/service';

export interface Repeated {
  /** Resolves when nothing of it is under way. */
  close(): Promise<void>;
}

/** Does the work again and again, `pause` milliseconds after it ended; what fails is said and tried again. */
export function repeat(what: string, pause: number, logger: Logger, work: () => Promise<unknown>): Repeated {
  const stopping = new AbortController();
  const done = (async () => {
    while (!stopping.signal.aborted) {
      await work().catch((error: unknown) => logger.error({ error }, `${what} failed; it is tried again`));
      await sleep(pause, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
    }
  })();
  return {
    close: async () => {
      stopping.abort();
      await done;
    },
  };
}
