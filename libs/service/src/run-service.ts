import 'reflect-metadata';
import type { INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DynamicModule } from '@nestjs/common';
import { attachOperations } from './health.ts';
import type { Operations } from './health.ts';
import { nestLogger } from './logger.ts';
import type { Logger } from './logger.ts';
import { traceRequests } from './tracing.ts';
import { ProblemFilter } from './problem-filter.ts';

export interface ServiceOptions {
  readonly name: string;
  readonly module: Type | DynamicModule;
  readonly logger: Logger;
  readonly operations: Operations;
  /** Where HTTP listens; port 0 takes a free one. */
  readonly host: string;
  readonly port: number;
  /** Consumes messages; starts before HTTP listens and drains first at the end. */
  readonly strategy?: (app: INestApplication) => CustomTransportStrategy | Promise<CustomTransportStrategy>;
  /** The Fastify instance below Nest; default one with a body limit of 1 MiB. */
  readonly adapter?: FastifyAdapter;
  /** Called before anything starts: routes, hooks, body parsers. */
  readonly configure?: (app: NestFastifyApplication) => void | Promise<void>;
  /** Called when everything runs. */
  readonly onStarted?: (app: NestFastifyApplication) => void | Promise<void>;
  /** Called at the end, after consumers drained and HTTP closed: pools, connections. */
  readonly onShutdown?: () => Promise<void>;
}

export interface RunningService {
  readonly name: string;
  /** `http://127.0.0.1:4312` */
  readonly url: string;
  readonly app: NestFastifyApplication;
  /** Drains consumers, finishes what is in flight, closes. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts a service: Nest on Fastify with errors as problems, health and metrics, and its consumers. Installs no signal handlers. */
export async function runService(options: ServiceOptions): Promise<RunningService> {
  const { name, logger } = options;
  const app = await NestFactory.create<NestFastifyApplication>(
    options.module,
    options.adapter ?? new FastifyAdapter({ forceCloseConnections: 'idle' }),
    {
      logger: nestLogger(logger),
      // The caller learns of a failed start by the rejection, not by process.abort().
      abortOnError: false,
    },
  );
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= closeAll(app, options));
  try {
    app.useGlobalFilters(new ProblemFilter(logger));
    traceRequests(app.getHttpAdapter().getInstance());
    attachOperations(app.getHttpAdapter().getInstance(), options.operations);
    await options.configure?.(app);
    if (options.strategy) app.connectMicroservice({ strategy: await options.strategy(app) });
    await app.startAllMicroservices();
    await app.listen(options.port, options.host);
    await options.onStarted?.(app);
  } catch (error) {
    await close();
    throw error;
  }
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  logger.info({ url }, 'started');
  return { name, url, app, close };
}

async function closeAll(app: NestFastifyApplication, options: ServiceOptions): Promise<void> {
  options.logger.info('stopping');
  try {
    await Promise.all(app.getMicroservices().map((consumers) => consumers.close()));
    await app.close();
  } finally {
    await options.onShutdown?.();
  }
  options.logger.info('stopped');
}
