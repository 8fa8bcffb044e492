import type { LoggerService } from '@nestjs/common';
import { pino } from 'pino';
import type { DestinationStream, Logger as PinoLogger } from 'pino';
import { traceIdOf } from './tracing.ts';

export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly service: string;
  /** Default: `RUNNEL_LOG_LEVEL`, else `info`. */
  readonly level?: string;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/** JSON lines with level names, RFC 3339 times and the service's name. */
export function createLogger(options: LoggerOptions): Logger {
  const level = options.level ?? process.env['RUNNEL_LOG_LEVEL'] ?? 'info';
  const settings = {
    level,
    base: { service: options.service },
    messageKey: 'message',
    errorKey: 'error',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return options.destination ? pino(settings, options.destination) : pino(settings);
}

/** What a line is about: any of these become fields; of a traceparent its trace id. */
export interface LogSubject {
  readonly workspace?: string | undefined;
  readonly run?: string | undefined;
  readonly step?: string | undefined;
  readonly attempt?: number | undefined;
  readonly traceparent?: string | undefined;
}

/** Child logger whose lines carry run, step and trace id. */
export function loggerFor(logger: Logger, subject: LogSubject): Logger {
  const { traceparent, ...fields } = subject;
  const trace = traceIdOf(traceparent);
  return logger.child(trace === undefined ? fields : { ...fields, trace });
}

/** Lets Nest log through pino: the last string argument is Nest's context, an Error keeps its stack. */
export function nestLogger(logger: Logger): LoggerService {
  const write =
    (level: 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal') =>
    (message: unknown, ...rest: unknown[]): void => {
      const context = rest.findLast((value) => typeof value === 'string');
      const fields = { ...(context === undefined ? {} : { context }), ...(message instanceof Error ? { error: message } : {}) };
      logger[level](fields, message instanceof Error ? message.message : typeof message === 'string' ? message : JSON.stringify(message));
    };
  return {
    // Nest tells about each module and route at start: of interest to who debugs only.
    log: write('debug'),
    error: write('error'),
    warn: write('warn'),
    debug: write('debug'),
    verbose: write('trace'),
    fatal: write('fatal'),
  };
}
