import { join } from 'node:path';
import { services, type Service } from '@runnel/contracts';
import { freePort, startNatsServer, startPostgres } from '@runnel/embedded';
import { natsServerConfig } from '@runnel/messaging';
import { migrate, roleOf, serviceNames as databaseServices, type ServiceName as DatabaseService } from '@runnel/postgres';
import type { Logger } from '@runnel/service';
import { Client } from 'pg';
import type { Secrets } from './data-folder.ts';
import { readPipelines } from './pipelines.ts';
import { supervise } from './supervise.ts';

/** Postgres as one service sees it. */
export interface DatabaseAccess {
  /** For `runnel token`, `dlq`, `migrate`. */
  admin: string;
  urlOf(service: DatabaseService): string;
  stop: () => Promise<void>;
}

/** NATS as one service sees it. */
export interface BusAccess {
  url: string;
  userOf(service: Service | 'operator'): { natsUser?: string; natsPassword?: string };
  stop: () => Promise<void>;
}

const nothing = async (): Promise<void> => undefined;

/** The Postgres of the given address, migrated; all services use the address's own role. */
export async function externalPostgres(url: string): Promise<DatabaseAccess> {
  await migrate(url);
  return { admin: url, urlOf: () => url, stop: nothing };
}

/** A Postgres in the data folder, migrated, with a role per service. */
export async function embeddedPostgres(folder: string, secrets: Secrets, logger: Logger): Promise<DatabaseAccess> {
  const { server, stop } = await startEmbeddedPostgres(folder, logger);
  const admin = server.urlOf('runnel');
  const passwords = Object.fromEntries(databaseServices.map((name) => [name, secrets.users[name]])) as Record<DatabaseService, string>;
  await migrate(admin, { passwords });
  return { admin, urlOf: (service) => server.urlOf('runnel', roleOf(service), passwords[service]), stop };
}

/** The database in the data folder as it is, for the commands that work on an installation which is not running. */
export async function openEmbeddedDatabase(folder: string, logger: Logger): Promise<{ url: string; stop: () => Promise<void> }> {
  const { server, stop } = await startEmbeddedPostgres(folder, logger);
  return { url: server.urlOf('runnel'), stop };
}

async function startEmbeddedPostgres(folder: string, logger: Logger) {
  const port = await freePort();
  const passwordFile = join(folder, 'postgres.password');
  const start = () => startPostgres({ dataDir: join(folder, 'postgres'), port, passwordFile, logFile: join(folder, 'postgres.log') });
  const { first: server, stop } = await supervise('Postgres', start, logger);
  await createDatabase(server.url);
  return { server, stop };
}

async function createDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query(`select from pg_database where datname = 'runnel'`);
    if (rowCount === 0) await client.query('create database runnel');
  } finally {
    await client.end();
  }
}

/** The NATS server of the given address, without users of our own. */
export function externalNats(url: string): BusAccess {
  return { url, userOf: () => ({}), stop: nothing };
}

/** A NATS server in the data folder, with a user per service and only its permissions. */
export async function embeddedNats(folder: string, secrets: Secrets, logger: Logger, pipelineFile?: string): Promise<BusAccess> {
  const port = await freePort();
  const dir = join(folder, 'nats');
  const users = Object.fromEntries([...services, 'operator' as const].map((name) => [name, secrets.users[name]])) as Record<
    Service | 'operator',
    string
  >;
  const pipelines = pipelineFile === undefined ? [] : readPipelines(pipelineFile);
  const config = natsServerConfig({ port, storeDir: join(dir, 'jetstream'), users, pipelines });
  const { first: server, stop } = await supervise('NATS', () => startNatsServer({ dir, port, config }), logger);
  return { url: server.url, userOf: (service) => ({ natsUser: service, natsPassword: users[service] }), stop };
}
