import { Module, type DynamicModule } from '@nestjs/common';
import { connect, durablePlans, RunnelTransport, startRelay, type ConsumerSettings, type Messaging } from '@runnel/messaging';
import { openObjectStore, tellFaults } from '@runnel/objects';
import { openDatabase, waitForSchema } from '@runnel/postgres';
import {
  createLogger,
  createMetrics,
  harvestedFiles,
  objectStoreErrors,
  runService,
  type Logger,
  type Loop,
  type Registry,
  type RunningService,
} from '@runnel/service';
import type { IngesterConfig } from './config.ts';
import { watchBudgets } from './billing/watch-budgets.ts';
import { writeBillingEvents } from './billing/write-billing-events.ts';
import { watchDeleted } from './deletion/watch-deleted.ts';
import { collectDaily } from './gc/daily.ts';
import { Parts, type IngesterParts } from './parts.ts';
import { OnHarvestChanged } from './harvest/on-harvest-changed.ts';
import { openLastAct } from './results/last-act.ts';
import { OnRunDismissed } from './results/on-run-dismissed.ts';
import { OnRunOutputsReady } from './results/on-run-outputs-ready.ts';
import { OnStepFinished } from './usage/on-step-finished.ts';
import { repeat } from './repeat.ts';
import { removeWorkspaces } from './workspaces/remove-objects.ts';
import { recordUsage, type UsageEntry } from './usage/record-usage.ts';
import { watchLedger } from './usage/watch-ledger.ts';

export interface IngesterOptions {
  /** Default: JSON lines on standard output. */
  logger?: Logger;
}

@Module({})
class IngesterModule {
  static with(parts: IngesterParts): DynamicModule {
    const controllers = [OnRunOutputsReady, OnRunDismissed, OnStepFinished, OnHarvestChanged];
    return { module: IngesterModule, controllers, providers: [{ provide: Parts, useValue: parts }] };
  }
}

/** Starts the ingester; resolves when it consumes. Rejects where the schema, the store or the credentials are missing. */
export async function startIngester(config: IngesterConfig, options: IngesterOptions = {}): Promise<RunningService> {
  const logger = options.logger ?? createLogger({ service: 'ingester', level: config.logLevel });
  await waitForSchema(config.postgresUrl);
  const metrics = createMetrics('ingester');
  const objects = tellFaults(await openObjectStore(config.objects), objectStoreErrors(metrics));
  const database = await openDatabase({
    url: config.postgresUrl,
    name: 'runnel ingester',
    onIdleError: (error) => logger.warn({ error }, 'a database connection broke'),
  });
  const { natsUrl: url, natsUser: user, natsPassword: password, prefix } = config;
  const messaging = await connect({ url, user, password, prefix, service: 'ingester', logger }).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  const relay = startRelay({ messaging, pool: database.pool, metrics });
  const bucket = config.objects.startsWith('s3:') ? new URL(config.objects).host : config.objects;
  const lastAct = openLastAct({ database, messaging });
  const parts: IngesterParts = { database, objects, bucket, messaging, relay, lastAct, logger, harvested: harvestedFiles(metrics) };
  const ledger = watchLedger(parts);
  const repeated = repeatAll(parts, config.billingWindowSeconds);
  return runService({
    name: 'ingester',
    module: IngesterModule.with(parts),
    logger,
    host: config.host,
    port: config.port,
    operations: {
      metrics,
      checks: new Map<string, () => Promise<unknown>>([
        ['postgres', () => database.pool.query('select 1')],
        ['nats', () => messaging.ping()],
        ['objects', () => objects.ping()],
      ]),
    },
    configure: (app) => void app.connectMicroservice({ strategy: usageTransport(parts, metrics) }),
    strategy: () => resultsTransport(messaging, metrics),
    onShutdown: async () => {
      for (const one of repeated) await one.close();
      await ledger.close();
      await relay.close();
      await messaging.close();
      await database.close();
    },
  });
}

/** What is looked at again and again; of several ingesters all do, and twice is once. */
function repeatAll(parts: IngesterParts, billingWindowSeconds: number): Loop[] {
  const { logger } = parts;
  return [
    repeat('billing', Math.max(500, billingWindowSeconds * 50), logger, async () => {
      await writeBillingEvents(parts, new Date(), billingWindowSeconds);
    }),
    repeat('looking at budgets', 5000, logger, async () => {
      await watchBudgets(parts);
    }),
    repeat('removing what deleted workspaces stored', 5000, logger, async () => {
      for (const workspace of await removeWorkspaces(parts)) logger.info({ workspace }, 'the workspace is gone');
    }),
    watchDeleted(parts),
    collectDaily(parts),
  ];
}

/** Runs whose results are published at a time; what takes long has a bound of its own. */
const publishing = 64;

/** Publishing takes its time: several runs at once, each message by itself. */
function resultsTransport(messaging: Messaging, metrics: Registry): RunnelTransport {
  return new RunnelTransport({
    messaging,
    consumers: [
      ...consumersOf(messaging, ['ingester-outputs']).map((consumer) => ({ ...consumer, limit: publishing })),
      ...consumersOf(messaging, ['ingester-dismissed', 'ingester-harvest']),
    ],
    metrics,
  });
}

/** The ledger is written in batches. */
function usageTransport(parts: IngesterParts, metrics: Registry): RunnelTransport<UsageEntry> {
  return new RunnelTransport<UsageEntry>({
    messaging: parts.messaging,
    consumers: consumersOf(parts.messaging, ['ingester-usage']),
    applyBatch: (items) =>
      recordUsage(
        parts.database,
        items.map(({ command }) => command),
        new Date(),
      ),
    metrics,
  });
}

function consumersOf(messaging: Messaging, durables: readonly string[]): ConsumerSettings[] {
  return durablePlans(messaging.prefix)
    .filter(({ durable }) => durables.includes(durable))
    .map((plan) => ({ plan }));
}
