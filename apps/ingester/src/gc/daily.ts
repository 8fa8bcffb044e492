import { setTimeout as pause } from 'node:timers/promises';
import type { IngesterParts } from '../parts.ts';
import { collectGarbage } from './collect-garbage.ts';

/** A service that is restarted again and again should first do its work. */
const firstAfter = 10 * 60_000;
const every = 24 * 60 * 60_000;

export interface DailyCollection {
  /** Resolves when a collection that is under way has ended. */
  close(): Promise<void>;
}

/** Collects garbage once a day; of several ingesters one does it at a time. */
export function collectDaily(parts: IngesterParts): DailyCollection {
  const stopping = new AbortController();
  const running = loop(parts, stopping.signal);
  return {
    close: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function loop({ database, objects, logger }: IngesterParts, signal: AbortSignal): Promise<void> {
  const wait = (milliseconds: number) => pause(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
  for (await wait(firstAfter); !signal.aborted; await wait(every)) {
    try {
      const summary = await collectGarbage(database, objects, { dryRun: false });
      if (summary) logger.info(summary, 'garbage collected');
    } catch (error) {
      logger.error({ error }, 'garbage collection failed; it is tried again in a day');
    }
  }
}
