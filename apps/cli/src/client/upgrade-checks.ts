import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { isMissing, listDeadLetters, streamPlans } from '@runnel/messaging';
import { missingMigrations, requiredSchemaVersion, schemaVersion } from '@runnel/postgres';
import { checks as doctor } from './doctor-checks.ts';
import { withDatabase, withMessaging, type OperatorOptions } from './operator.ts';
import { bytes } from './output.ts';

/** What was found: all is well, or `note` where the upgrade may go ahead but somebody should know. Rejects with what to do first. */
export type Finding = string | { note: string };
type Check = (options: OperatorOptions) => Promise<Finding>;

const oldestPostgres = 14;

/** What `runnel upgrade-check` of the new release looks at in the installation of the old one, in this order. */
export const upgradeChecks: Record<string, Check> = {
  schema: (options) =>
    withDatabase(options, async ({ pool }) => {
      const present = await schemaVersion(pool);
      if (present > requiredSchemaVersion)
        throw new Error(
          `version ${present}, this release knows ${requiredSchemaVersion}: it is older than what runs here; going back takes a backup from before`,
        );
      const missing = missingMigrations(present);
      if (missing.length === 0) return `version ${present}, nothing to migrate`;
      return { note: `version ${present}; \`runnel migrate\` (or the next \`up\`) will apply ${missing.join(', ')}` };
    }),
  Postgres: (options) =>
    withDatabase(options, async ({ pool }) => {
      const { rows } = await pool.query<{ number: number; version: string }>(
        `select current_setting('server_version_num')::integer as number, current_setting('server_version') as version`,
      );
      const { number = 0, version = 'unknown' } = rows[0] ?? {};
      if (number < oldestPostgres * 10_000) throw new Error(`version ${version}: ${oldestPostgres} or newer is needed`);
      return `version ${version}`;
    }),
  NATS: (options) => doctor['NATS']?.(options) ?? Promise.resolve(''),
  streams: (options) =>
    withMessaging(options, async ({ jsm, prefix }) => {
      const plans = streamPlans(prefix);
      for (const { name, retention, storage } of plans) {
        const found = await jsm.streams.info(name).catch((error: unknown) => {
          if (isMissing(error)) return undefined;
          throw error;
        });
        if (found && (found.config.retention !== retention || found.config.storage !== storage))
          throw new Error(
            `${name} cannot be changed in place: stop the services, delete it (\`nats stream rm ${name}\`), start the new release`,
          );
      }
      return `${plans.length} as this release wants them, or changed while it starts`;
    }),
  'object store': (options) => doctor['object store']?.(options) ?? Promise.resolve(''),
  runs: (options) =>
    withDatabase(options, async ({ pool }) => {
      const { rows } = await pool.query<{ open: number; attention: number }>(
        'select count(*)::integer as open, count(attention)::integer as attention from runs where not stopped',
      );
      const { open = 0, attention = 0 } = rows[0] ?? {};
      return attention > 0
        ? { note: `${open} open, ${attention} of them want attention: runnel ps` }
        : `${open} open; they go on under the new release`;
    }),
  'dead letters': (options) =>
    withMessaging(options, async (messaging) => {
      const found = await listDeadLetters(messaging).catch((error: unknown) => {
        if (isMissing(error)) return [];
        throw error;
      });
      return found.length === 0
        ? 'none'
        : { note: `${found.length}${found.length === 100 ? ' or more' : ''}: replay or drop them first (runnel dlq list)` };
    }),
  outbox: (options) =>
    withDatabase(options, async ({ pool }) => {
      const { rows } = await pool.query<{ rows: number; lag: number }>(
        'select count(*)::integer as rows, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as lag from outbox',
      );
      const { rows: waiting = 0, lag = 0 } = rows[0] ?? {};
      if (lag > 60)
        return { note: `${waiting} messages wait, the oldest for ${Math.round(lag)} s: see that NATS takes them before you upgrade` };
      return `${waiting} messages wait`;
    }),
  disk: async (options) =>
    withDatabase(options, async ({ pool }) => {
      const { rows } = await pool.query<{ size: string }>('select pg_database_size(current_database()) as size');
      const size = Number(rows[0]?.size ?? 0);
      if (options.postgres !== undefined || !existsSync(options.data))
        return `the database has ${bytes(size)}; its server's disk is not seen from here`;
      const { bavail, bsize } = await statfs(options.data);
      const free = bavail * bsize;
      if (free < size) throw new Error(`${bytes(free)} are free and the database has ${bytes(size)}: a migration may need as much again`);
      return `${bytes(free)} free, the database has ${bytes(size)}`;
    }),
};
