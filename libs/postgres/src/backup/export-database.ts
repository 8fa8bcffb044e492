import type { Readable } from 'node:stream';
import { Client, escapeIdentifier } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { isUnavailable, ServiceUnavailable } from '../faults.ts';
import { schemaVersion } from '../schema-version.ts';
import { namedObjects, tablesToCopy, type CopiedTable } from './copied-tables.ts';

/** What a copy of the database says of itself; the rows stand beside it. */
export interface DatabaseCopy {
  /** Version of the schema. */
  schema: number;
  /** Version of the Postgres it comes from, for people. */
  postgres: string;
  tables: CopiedTable[];
  sequences: { name: string; value: string }[];
  /** Names of the partitions of `events`. */
  partitions: string[];
  /** How many objects the rows name. */
  named: number;
}

/** Takes one stream of COPY text to its place; resolves when all of it is there. */
export type WriteStream = (name: string, rows: Readable) => Promise<void>;

/**
 * Copies all tables as of one instant (a repeatable-read snapshot) while others write, in COPY's text format, which every release of Postgres
 * reads; then, under the name `named`, the keys of the objects that those rows name. Rejects with ServiceUnavailable when the server does not
 * answer.
 */
export async function exportDatabase(url: string, write: WriteStream): Promise<DatabaseCopy> {
  const client = new Client({ connectionString: url, application_name: 'runnel-backup', connectionTimeoutMillis: 5000, keepAlive: true });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(
      `set client_encoding = 'UTF8'; set timezone = 'UTC'; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0`,
    );
    await client.query('begin isolation level repeatable read read only');
    return await copyAll(client, write);
  } catch (error) {
    throw isUnavailable(error) ? new ServiceUnavailable(error) : error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function copyAll(client: Client, write: WriteStream): Promise<DatabaseCopy> {
  const schema = await schemaVersion(client);
  const about = await client.query<{ version: string }>(`select current_setting('server_version') as version`);
  const tables: CopiedTable[] = [];
  for (const { name, columns } of await tablesToCopy(client)) {
    const list = columns.map(escapeIdentifier).join(', ');
    tables.push({ name, columns, rows: await copyOut(client, name, `select ${list} from ${escapeIdentifier(name)}`, write) });
  }
  const named = await copyOut(client, 'named', namedObjects(tables), write);
  const sequences = await client.query<{ name: string; value: string }>(
    `select sequencename::text as name, last_value::text as value from pg_sequences where schemaname = 'public' and last_value is not null order by 1`,
  );
  const partitions = await client.query<{ name: string }>(
    `select c.relname::text as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'events'::regclass order by 1`,
  );
  return {
    schema,
    postgres: about.rows[0]?.version ?? '',
    tables,
    sequences: sequences.rows,
    partitions: partitions.rows.map(({ name }) => name),
    named,
  };
}

async function copyOut(client: Client, name: string, select: string, write: WriteStream): Promise<number> {
  const stream = client.query(copyTo(`copy (${select}) to stdout`));
  await write(name, stream);
  // The count comes behind the rows: when the next statement is answered it is there.
  await client.query('select');
  return stream.rowCount;
}
