import { connect } from '@runnel/messaging';
import type { Messaging } from '@runnel/messaging';
import { openObjectStore, tellFaults } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
import { openDatabase, waitForSchema } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { createJavaScriptPool } from '@runnel/sandbox';
import type { JavaScriptPool } from '@runnel/sandbox';
import { objectStoreErrors } from '@runnel/service';
import type { Logger, ReadinessCheck, Registry } from '@runnel/service';
import type { SchedulerConfig } from './config.ts';

/** What the scheduler uses; all of it waits for what is not there yet. */
export interface Connections {
  database: Database;
  messaging: Messaging;
  objects: ObjectStore;
  javascript: JavaScriptPool;
  checks: Map<string, ReadinessCheck>;
  close(): Promise<void>;
}

export async function openConnections(config: SchedulerConfig, logger: Logger, metrics: Registry): Promise<Connections> {
  await waitForSchema(config.postgresUrl);
  const onIdleError = (error: Error): void => logger.warn({ error }, 'an idle connection to Postgres broke');
  const database = await openDatabase({ url: config.postgresUrl, name: 'runnel-scheduler', poolSize: config.poolSize, onIdleError });
  const { natsUrl: url, natsUser: user, natsPassword: password, prefix } = config;
  const messaging = await connect({ url, user, password, prefix, service: 'scheduler', logger });
  const objects = tellFaults(await openObjectStore(config.objects), objectStoreErrors(metrics));
  const javascript = createJavaScriptPool({ threads: config.javascriptWorkers, timeout: config.expressionSeconds });
  return {
    database,
    messaging,
    objects,
    javascript,
    checks: new Map<string, ReadinessCheck>([
      ['postgres', () => database.pool.query('select 1')],
      ['nats', () => messaging.ping()],
      ['objects', () => objects.ping()],
    ]),
    close: async () => {
      await javascript.close();
      await messaging.close();
      await database.close();
    },
  };
}
