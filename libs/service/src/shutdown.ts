import type { Logger } from './logger.ts';

/** Milliseconds an orderly end may take before the process gives up on it. */
const patience = 25_000;

/**
 * Ends the process on SIGTERM and SIGINT after `close`; a second signal ends it at once. Exit code 0 after an orderly end, else 1.
 */
export function closeOnSignals(logger: Logger, close: () => Promise<void>): void {
  let closing = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (closing) process.exit(1);
    closing = true;
    logger.info({ signal }, 'asked to stop');
    setTimeout(() => {
      logger.error('did not stop in time');
      process.exit(1);
    }, patience).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ error }, 'did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
