import { startLoop } from '@runnel/service';
import type { Loop } from '@runnel/service';
import type { IngesterParts } from '../parts.ts';
import { collectGarbage } from './collect-garbage.ts';

/** Milliseconds. A service that is restarted again and again should first do its work. */
const firstAfter = 10 * 60_000;
const every = 24 * 60 * 60_000;

/** Collects garbage once a day, whether or not it failed the day before; of several ingesters one does it at a time. */
export function collectDaily({ database, objects, logger }: IngesterParts): Loop {
  const failed = (error: unknown): void => logger.error({ error }, 'garbage collection failed; it is tried again in a day');
  const collect = async (): Promise<void> => {
    const summary = await collectGarbage(database, objects, { dryRun: false });
    if (summary) logger.info(summary, 'garbage collected');
  };
  let early = true;
  return startLoop(
    async () => {
      if (early) {
        early = false;
        return firstAfter;
      }
      await collect().catch(failed);
      return every;
    },
    every,
    failed,
  );
}
