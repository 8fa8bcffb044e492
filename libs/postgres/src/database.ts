import type { Pool, PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import { isUnavailable, ServiceUnavailable } from './faults.ts';

/** Milliseconds after which a connection that nobody uses is closed: a new one costs both sides more than hundreds of statements. */
const idleFor = 120_000;

export interface DatabaseOptions {
  url: string;
  /** Shown in pg_stat_activity. */
  name: string;
  /** Connections; default 10. */
  poolSize?: number;
  /** Milliseconds after which the server gives a statement up; default 30,000. */
  statementTimeout?: number;
  /** Told of connections that break while nobody uses them; the pool replaces them by itself. */
  onIdleError?: (error: Error) => void;
}

/** One service's connections: TypeORM for transactions, its pg pool for statements that need none and for LISTEN. */
export interface Database {
  readonly url: string;
  readonly dataSource: DataSource;
  readonly pool: Pool;
  close(): Promise<void>;
}

/** Connects; rejects with ServiceUnavailable when the server does not answer. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: options.url,
    applicationName: options.name,
    poolSize: options.poolSize ?? 10,
    connectTimeoutMS: 5000,
    installExtensions: false,
    synchronize: false,
    logging: false,
    poolErrorHandler: (error: Error) => options.onIdleError?.(error),
    extra: {
      statement_timeout: options.statementTimeout ?? 30_000,
      keepAlive: true,
      pipeline: true,
      idleTimeoutMillis: idleFor,
      onConnect: bearBreaks,
    },
  });
  try {
    await dataSource.initialize();
  } catch (error) {
    throw isUnavailable(error) ? new ServiceUnavailable(error) : error;
  }
  return { url: options.url, dataSource, pool: poolOf(dataSource), close: () => dataSource.destroy() };
}

/** A connection that breaks while somebody uses it tells so by their statements; without a listener the event would end the process. */
function bearBreaks(client: PoolClient): void {
  client.on('error', () => undefined);
}

/** TypeORM's driver keeps its pool in `master` and types it as any. */
function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as unknown as { master: Pool }).master;
}
