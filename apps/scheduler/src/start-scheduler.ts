import { randomUUID } from 'node:crypto';
import { partitionCount } from '@runnel/contracts';
import { durablePlans, partitionDurable, RunnelTransport } from '@runnel/messaging';
import type { BatchItem } from '@runnel/messaging';
import { createLogger, createMetrics, runService } from '@runnel/service';
import type { Logger } from '@runnel/service';
import { defaultTiming } from './config.ts';
import type { SchedulerConfig, Timing } from './config.ts';
import { openConnections } from './connections.ts';
import { schedulerMetrics } from './metrics.ts';
import { busMetrics, tableMetrics } from './platform-metrics.ts';
import type { News } from './runs/news.ts';
import { startScheduling } from './scheduling.ts';
import type { Scheduling } from './scheduling.ts';
import { SchedulerModule } from './scheduler.module.ts';

export interface SchedulerOptions {
  logger?: Logger;
  /** Seconds; for tests and unusual installations. */
  timing?: Partial<Timing>;
}

export interface RunningScheduler {
  readonly id: string;
  /** Where metrics and health are. */
  readonly url: string;
  /** Partitions owned now. */
  owned(): number[];
  /** Gives the partitions back at once, finishes what is in flight, closes. */
  close(): Promise<void>;
}

/** Starts a scheduler and resolves when it takes part; it installs no signal handlers. */
export async function startScheduler(config: SchedulerConfig, options: SchedulerOptions = {}): Promise<RunningScheduler> {
  const id = config.schedulerId ?? `s-${randomUUID().slice(0, 8)}`;
  const logger = (options.logger ?? createLogger({ service: 'scheduler', level: config.logLevel })).child({ scheduler: id });
  const registry = createMetrics('scheduler');
  const connections = await openConnections(config, logger, registry);
  const { messaging } = connections;
  let scheduling: Scheduling | undefined;

  const partitions = Array.from({ length: partitionCount }, (_, partition) => partitionDurable(partition));
  const transport = new RunnelTransport<News>({
    messaging,
    consumers: durablePlans(messaging.prefix)
      .filter(({ durable }) => partitions.includes(durable))
      .map((plan) => ({ plan, autostart: false })),
    applyBatch: async (items) => scheduling?.submit(items.map(newsOf)),
    metrics: registry,
  });
  const service = await runService({
    name: 'scheduler',
    module: SchedulerModule,
    logger,
    operations: { metrics: registry, checks: connections.checks },
    host: config.host,
    port: config.port,
    strategy: () => transport,
    onStarted: () => {
      tableMetrics(registry, connections.database.pool);
      busMetrics(registry, messaging);
      const timing = { ...defaultTiming, ...options.timing };
      scheduling = startScheduling({
        id,
        config,
        timing,
        connections,
        transport,
        logger,
        registry,
        metrics: schedulerMetrics(registry),
      });
    },
    onShutdown: async () => {
      await scheduling?.close();
      await connections.close();
    },
  }).catch(async (error: unknown) => {
    await connections.close();
    throw error;
  });
  return {
    id,
    url: service.url,
    owned: () => scheduling?.owned() ?? [],
    close: async () => {
      await scheduling?.release();
      await service.close();
    },
  };
}

/** The handler's news with the envelope of its message. */
function newsOf({ message, command }: BatchItem<News>): News {
  return { ...command, cause: { id: message.id, traceparent: message.traceparent } };
}
