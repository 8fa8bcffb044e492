import { randomBytes } from 'node:crypto';
import { migrate } from '@runnel/postgres';
import { Client } from 'pg';

export interface TestDatabase {
  readonly name: string;
  /** For the superuser. */
  readonly url: string;
  drop(): Promise<void>;
}

const template = 'runnel_template';
/** Any number: whoever makes the template takes the same lock. */
const templateLock = 4711;

/** A database of one's own with the schema of this release, copied from a template. The servers are those of jest's global setup. */
export async function testDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(async (admin) => {
    await admin.query('select pg_advisory_lock($1)', [templateLock]);
    await ensureTemplate(admin);
    await admin.query(`create database ${name} template ${template}`);
  });
  return {
    name,
    url: urlOf(name),
    drop: () => asAdmin(async (admin) => void (await admin.query(`drop database if exists ${name} with (force)`))),
  };
}

async function ensureTemplate(admin: Client): Promise<void> {
  const { rowCount } = await admin.query('select 1 from pg_database where datname = $1', [template]);
  if (rowCount === 0) await admin.query(`create database ${template}`);
  // A server that outlives the test run may have the template of an older schema.
  await migrate(urlOf(template));
}

/** Its session ends with the work, and with it the lock. */
async function asAdmin(work: (admin: Client) => Promise<void>): Promise<void> {
  const admin = new Client({ connectionString: testPostgresUrl() });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

function urlOf(database: string): string {
  const url = new URL(testPostgresUrl());
  url.pathname = `/${database}`;
  return url.href;
}

/** Superuser's URL of the test run's Postgres. */
export function testPostgresUrl(): string {
  return fromEnvironment('RUNNEL_TEST_POSTGRES');
}

/** URL of the test run's NATS, which asks nobody for a password. */
export function testNatsUrl(): string {
  return fromEnvironment('RUNNEL_TEST_NATS');
}

function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: jest's global setup (libs/testing/global-setup.mjs) starts the servers and sets it`);
  return value;
}
