import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { connect, startRelay, type Messaging, type Relay } from '@runnel/messaging';
import { openDatabase, requiredSchemaVersion, schemaVersion, waitForSchema, type Database } from '@runnel/postgres';
import { createLogger, createMetrics, runService, type Logger, type ReadinessCheck } from '@runnel/service';
import type { HarvesterConfig } from './config.ts';
import { harvestBranch, noteFault } from './harvest-branch.ts';
import { readWatched, type Watched } from './watched.ts';

export interface Harvester {
  url: string;
  close(): Promise<void>;
}

@Module({})
class HarvesterModule {}

/** Starts the harvester: watches the configured Git branches and tells what changed. */
export async function startHarvester(config: HarvesterConfig, options: { logger?: Logger } = {}): Promise<Harvester> {
  const logger = options.logger ?? createLogger({ service: 'harvester' });
  const watched = config.repositories === undefined ? [] : readWatched(config.repositories);
  await waitForSchema(config.postgresUrl);
  const database = await openDatabase({ url: config.postgresUrl, name: 'runnel-harvester', poolSize: 4 });
  const { natsUrl: url, natsUser: user, natsPassword: password, prefix } = config;
  const messaging = await connect({ url, user, password, prefix, service: 'harvester', logger });
  const metrics = createMetrics('harvester');
  const relay = startRelay({ messaging, pool: database.pool, metrics });
  const stopping = new AbortController();
  const loop = poll({ config, watched, database, messaging, relay, logger }, stopping.signal);
  const service = await runService({
    name: 'harvester',
    module: HarvesterModule,
    logger,
    operations: {
      metrics,
      checks: new Map<string, ReadinessCheck>([
        ['postgres', () => database.pool.query('select 1')],
        ['schema', () => requireSchema(database)],
        ['nats', () => messaging.ping()],
      ]),
    },
    host: config.host,
    port: config.port,
    onShutdown: async () => {
      stopping.abort();
      await loop;
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

interface PollContext {
  config: HarvesterConfig;
  watched: readonly Watched[];
  database: Database;
  messaging: Messaging;
  relay: Relay;
  logger: Logger;
}

async function poll(context: PollContext, signal: AbortSignal): Promise<void> {
  const { config, watched, database, messaging, relay, logger } = context;
  while (!signal.aborted && watched.length > 0) {
    for (const one of watched) {
      if (signal.aborted) return;
      const about = { repository: one.repository, branch: one.branch, workspace: one.workspace };
      try {
        const changed = await harvestBranch(one, config.workDir, database, messaging);
        if (changed > 0) logger.info({ ...about, changed }, 'branch moved');
        relay.kick();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        logger.warn({ ...about, reason }, 'repository not harvested');
        await noteFault(database, one, reason).catch(() => undefined);
      }
    }
    await sleep(config.pollSeconds * 1000, undefined, { signal }).catch(() => undefined);
  }
}
