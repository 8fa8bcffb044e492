import { initial } from './0001-initial.ts';

/** Every schema change in order; `version` counts from 1 without gaps. */
export const migrations: readonly { version: number; name: string; sql: string }[] = [initial];

/** The schema this release needs. */
export const requiredSchemaVersion = Math.max(...migrations.map((migration) => migration.version));

/** What brings a schema of that version to this release, by number and name. */
export const missingMigrations = (present: number): string[] =>
  migrations.filter(({ version }) => version > present).map(({ version, name }) => `${version} (${name})`);
