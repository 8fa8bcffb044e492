import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client, escapeIdentifier } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { isUnavailable, ServiceUnavailable } from '../faults.ts';
import { migrate, migrateWithin } from '../migrate.ts';
import { requiredSchemaVersion } from '../migrations/index.ts';
import type { DatabaseCopy } from './export-database.ts';

/** The copy cannot go into this database; nothing was changed. */
export class ImportRefused extends Error {
  override readonly name = 'ImportRefused';
}

/** Gives the rows of a table as they were written. */
export type ReadStream = (name: string) => Readable;

/**
 * Fills an empty database from a copy, in one transaction: all of it is there, or nothing. Then brings the schema to this release. Nobody owns
 * anything afterwards: the services that start on it take up the open runs. Rejects with ImportRefused, or with ServiceUnavailable when the
 * server does not answer.
 */
export async function importDatabase(url: string, copy: DatabaseCopy, read: ReadStream): Promise<void> {
  requireKnownSchema(copy);
  const client = new Client({ connectionString: url, application_name: 'runnel-restore', connectionTimeoutMillis: 5000, keepAlive: true });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`set client_encoding = 'UTF8'; set timezone = 'UTC'; set statement_timeout = 0`);
    await client.query('begin');
    await requireEmpty(client);
    await migrateWithin(client, copy.schema);
    await makePartitions(client, copy.partitions);
    for (const table of copy.tables) await copyIn(client, table, read);
    for (const { name, value } of copy.sequences) await client.query('select setval($1::regclass, $2)', [name, value]);
    await client.query(`update partitions set owner = null, lease_until = '-infinity'`);
    await client.query('commit');
    await client.query('analyze');
  } catch (error) {
    throw isUnavailable(error) ? new ServiceUnavailable(error) : error;
  } finally {
    // A transaction that was not committed ends with its session.
    await client.end().catch(() => undefined);
  }
  await migrate(url);
}

/** Throws ImportRefused where a newer release made the copy. */
export function requireKnownSchema({ schema }: Pick<DatabaseCopy, 'schema'>): void {
  if (schema > requiredSchemaVersion)
    throw new ImportRefused(
      `it has schema version ${schema}, this release knows ${requiredSchemaVersion}: restore it with the newer release`,
    );
  if (schema < 1) throw new ImportRefused('it was taken of a database without a schema');
}

async function requireEmpty(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select relname::text as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1 limit 1`,
  );
  if (rows[0]) throw new ImportRefused(`the database is not empty, it holds a table "${rows[0].name}"`);
}

/** The months of the copied events: a row of a month without a partition would stand in the default one for ever. */
async function makePartitions(client: Client, partitions: readonly string[]): Promise<void> {
  for (const name of partitions) {
    const [, year, month] = /^events_(\d{4})_(\d{2})$/.exec(name) ?? [];
    if (year !== undefined && month !== undefined)
      await client.query('select ensure_event_partitions($1, 0)', [`${year}-${month}-15T00:00:00Z`]);
  }
}

async function copyIn(client: Client, table: DatabaseCopy['tables'][number], read: ReadStream): Promise<void> {
  const name = escapeIdentifier(table.name);
  // What a migration put there (the rows of `partitions`) is in the copy.
  await client.query(`delete from ${name}`);
  const stream = client.query(copyFrom(`copy ${name} (${table.columns.map(escapeIdentifier).join(', ')}) from stdin`));
  await pipeline(read(table.name), stream).catch((cause: unknown) => {
    if (isUnavailable(cause)) throw cause;
    throw new Error(`${table.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
  if (stream.rowCount !== table.rows)
    throw new Error(`${table.name}: ${stream.rowCount} rows were read, the copy was made of ${table.rows}`);
}
