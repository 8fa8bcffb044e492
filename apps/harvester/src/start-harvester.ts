import { Module } from '@nestjs/common';
import { RepositoryPushed } from '@runnel/contracts';
import { connect, startRelay, subscribeEphemeral } from '@runnel/messaging';
import { openObjectStore, tellFaults } from '@runnel/objects';
import { openDatabase, requiredSchemaVersion, schemaVersion, waitForSchema, type Database } from '@runnel/postgres';
import { createLogger, createMetrics, objectStoreErrors, runService, startLoop, type Logger, type ReadinessCheck } from '@runnel/service';
import type { HarvesterConfig } from './config.ts';
import { lookAround } from './look-around.ts';
import { harvesterMetrics } from './metrics.ts';
import { tellUnheard } from './unheard.ts';
import { readWatched } from './watched.ts';

export interface Harvester {
  url: string;
  close(): Promise<void>;
}

/** Milliseconds between looks for news that nobody heard. */
const lookForUnheard = 15_000;

@Module({})
class HarvesterModule {}

/** Starts the harvester: watches the configured Git branches and workspace files, and tells what changed. */
export async function startHarvester(config: HarvesterConfig, options: { logger?: Logger } = {}): Promise<Harvester> {
  const logger = options.logger ?? createLogger({ service: 'harvester', level: config.logLevel });
  const watched = config.repositories === undefined ? [] : readWatched(config.repositories);
  await waitForSchema(config.postgresUrl);
  const registry = createMetrics('harvester');
  const objects = tellFaults(await openObjectStore(config.objects), objectStoreErrors(registry));
  const database = await openDatabase({ url: config.postgresUrl, name: 'runnel-harvester', poolSize: 4 });
  const { natsUrl: url, natsUser: user, natsPassword: password, prefix, workDir } = config;
  const messaging = await connect({ url, user, password, prefix, service: 'harvester', logger });
  const relay = startRelay({ messaging, pool: database.pool, metrics: registry });
  const metrics = harvesterMetrics(registry);
  const lookout = lookAround({ database, objects, messaging, relay, workDir, metrics, logger }, watched, config.pollSeconds);
  const retelling = startLoop(
    async () => {
      metrics.retold.inc(await tellUnheard({ database, relay }, logger));
    },
    lookForUnheard,
    (error) => logger.warn({ error }, 'what nobody heard could not be told again'),
  );
  const webhooks = subscribeEphemeral(messaging, RepositoryPushed, {}, ({ data }) => lookout.kick(data.hook));
  const service = await runService({
    name: 'harvester',
    module: HarvesterModule,
    logger,
    operations: {
      metrics: registry,
      checks: new Map<string, ReadinessCheck>([
        ['postgres', () => database.pool.query('select 1')],
        ['schema', () => requireSchema(database)],
        ['nats', () => messaging.ping()],
        ['objects', () => objects.ping()],
      ]),
    },
    host: config.host,
    port: config.port,
    onShutdown: async () => {
      await webhooks.close();
      await lookout.close();
      await retelling.close();
      await relay.close();
      await messaging.close();
      await database.close();
    },
  });
  return { url: service.url, close: () => service.close() };
}

async function requireSchema(database: Database): Promise<void> {
  const version = await schemaVersion(database.pool);
  if (version < requiredSchemaVersion) throw new Error(`schema version ${version}, ${requiredSchemaVersion} is needed`);
}
