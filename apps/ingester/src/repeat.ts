import { startLoop } from '@runnel/service';
import type { Logger, Loop } from '@runnel/service';

/** Does the work at once and again, `pause` milliseconds after it ended; what fails is said and tried again. */
export function repeat(what: string, pause: number, logger: Logger, work: (signal: AbortSignal) => Promise<void>): Loop {
  return startLoop(work, pause, (error) => logger.error({ error }, `${what} failed; it is tried again`));
}
