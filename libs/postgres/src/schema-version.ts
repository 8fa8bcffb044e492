import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { errorCode, isUnavailable } from './faults.ts';
import { requiredSchemaVersion } from './migrations/index.ts';

/** Version of the schema in the database; 0: none yet. */
export async function schemaVersion(client: { query(text: string): Promise<{ rows: { version: number | null }[] }> }): Promise<number> {
  try {
    const { rows } = await client.query('select max(version) as version from schema_versions');
    return rows[0]?.version ?? 0;
  } catch (error) {
    if (errorCode(error) === '42P01') return 0;
    throw error;
  }
}

/** The database did not get the schema this release needs in time. */
export class SchemaMissing extends Error {
  override readonly name = 'SchemaMissing';
}

/**
 * Resolves when the database answers and has at least the schema of this release; until then it asks again. A newer schema is fine: changes
 * expand first and contract a release later. Rejects with SchemaMissing after `timeoutMs` (default 60,000).
 */
export async function waitForSchema(url: string, options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<void> {
  const end = performance.now() + (options.timeoutMs ?? 60_000);
  for (;;) {
    const found = await lookAt(url);
    if ('version' in found && found.version >= requiredSchemaVersion) return;
    options.signal?.throwIfAborted();
    if (performance.now() > end) {
      const state = 'version' in found ? `has schema version ${found.version}` : `does not answer (${found.away})`;
      throw new SchemaMissing(`the database ${state}, version ${requiredSchemaVersion} is needed: run "runnel migrate"`);
    }
    await sleep(100);
  }
}

async function lookAt(url: string): Promise<{ version: number } | { away: string }> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return { version: await schemaVersion(client) };
  } catch (error) {
    if (isUnavailable(error)) return { away: String(error) };
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}
