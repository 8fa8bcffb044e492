import type { Logger } from '@runnel/service';
import { ZodError } from 'zod';
import { CliError } from '../client/cli-error.ts';

/** What keeps a service from starting is a setting, as a rule: it is said without a stack, which the log has for whoever asks. */
export function cannotStart(what: string, error: unknown, logger: Logger): Error {
  if (error instanceof CliError || cannotListen(error)) return error;
  logger.debug({ error }, `${what} cannot start`);
  return new CliError(
    `the ${what} cannot start: ${reasonOf(error)}`,
    'runnel up --help and docs/operations.md have the settings; with RUNNEL_LOG_LEVEL=debug the log says where it happened.',
  );
}

export const cannotListen = (error: unknown): error is Error => error instanceof Error && 'syscall' in error && error.syscall === 'listen';

function reasonOf(error: unknown): string {
  if (error instanceof ZodError) return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  return error instanceof Error ? error.message : String(error);
}
