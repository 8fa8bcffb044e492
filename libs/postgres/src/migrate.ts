import { Client } from 'pg';
import { isUnavailable, ServiceUnavailable } from './faults.ts';
import { migrations } from './migrations/index.ts';
import { ensureEventPartitions } from './event-partitions.ts';
import { grantRoles } from './roles.ts';
import type { ServiceName } from './roles.ts';
import { schemaVersion } from './schema-version.ts';

export interface MigrateOptions {
  /** Given: a role per service is created, with this password and only its grants. Absent: the services use the url's own role. */
  passwords?: Record<ServiceName, string>;
  /** Which month's partitions are made; default: this and the next two. */
  now?: Date;
}

/** Any number: everyone who migrates takes the same lock. */
const lockKey = 7251;

/**
 * Brings the schema to this release, one transaction per step, under an advisory lock: a second caller waits and finds nothing to do. Returns
 * the versions it applied. Rejects with ServiceUnavailable when the server does not answer.
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<number[]> {
  const client = new Client({ connectionString: url, application_name: 'runnel-migrate', connectionTimeoutMillis: 30_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select pg_advisory_lock($1, 1)', [lockKey]);
    const applied = await applyMissing(client);
    await ensureEventPartitions(client, options.now ?? new Date());
    if (options.passwords) await grantRoles(client, options.passwords);
    return applied;
  } catch (error) {
    throw isUnavailable(error) ? new ServiceUnavailable(error) : error;
  } finally {
    // Ends the session and with it the lock.
    await client.end().catch(() => undefined);
  }
}

const schemaVersions =
  'create table if not exists schema_versions (version integer primary key, name text not null, applied_at timestamptz not null default now())';

/** Makes the schema of one release, up to its version, in the transaction that the client is in. */
export async function migrateWithin(client: Client, version: number): Promise<void> {
  await client.query(schemaVersions);
  for (const migration of migrations.filter((candidate) => candidate.version <= version)) await apply(client, migration);
}

async function apply(client: Client, { version, name, sql }: (typeof migrations)[number]): Promise<void> {
  await client.query(sql);
  await client.query('insert into schema_versions (version, name) values ($1, $2)', [version, name]);
}

async function applyMissing(client: Client): Promise<number[]> {
  await client.query(schemaVersions);
  const present = await schemaVersion(client);
  const missing = migrations.filter((migration) => migration.version > present);
  for (const migration of missing) {
    await inOneTransaction(client, () => apply(client, migration));
  }
  return missing.map((migration) => migration.version);
}

async function inOneTransaction(client: Client, work: () => Promise<void>): Promise<void> {
  await client.query('begin');
  try {
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
