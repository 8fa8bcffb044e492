import type { z } from 'zod';
import { loadConfig } from './config.ts';
import { createLogger, type Logger } from './logger.ts';
import { closeOnSignals } from './shutdown.ts';
import { startTracing } from './tracing.ts';

type WithLogLevel = z.ZodObject<{ logLevel: z.ZodType<string> }>;

/** The program of one service: configuration (or `--help`), logs, traces, and an orderly end on SIGTERM. */
export async function runProgram<S extends WithLogLevel>(
  service: string,
  schema: S,
  start: (config: z.output<S>, options: { logger: Logger }) => Promise<{ close(): Promise<void> }>,
): Promise<void> {
  const loaded = loadConfig(schema, process.env, process.argv.slice(2), service);
  if (loaded.kind !== 'config') {
    (loaded.kind === 'help' ? process.stdout : process.stderr).write(`${loaded.text}\n`);
    process.exitCode = loaded.kind === 'help' ? 0 : 2;
    return;
  }
  const { logLevel } = loaded.config as { logLevel: string };
  const logger = createLogger({ service, level: logLevel });
  const endTracing = await startTracing(service, process.env);
  const running = await start(loaded.config, { logger }).catch((error: unknown): never => {
    logger.fatal({ error }, 'cannot start');
    process.exit(1);
  });
  closeOnSignals(logger, async () => {
    await running.close();
    await endTracing();
  });
}
