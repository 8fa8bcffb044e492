import { jetstreamManager } from '@nats-io/jetstream';
import { openObjectStore, type DirectAccess } from '@runnel/objects';
import { requiredSchemaVersion, schemaVersion } from '@runnel/postgres';
import { detectIsolation } from '@runnel/sandbox';
import { installationOf, withDatabase, withMessaging, type OperatorOptions } from './operator.ts';

/** Resolves with what was found where all is well; rejects with what to do. */
export type Check = (options: OperatorOptions) => Promise<string>;

/** What `runnel doctor` looks at, in this order. */
export const checks: Record<string, Check> = {
  Postgres: (options) =>
    withDatabase(options, async ({ pool }) => {
      const { rows } = await pool.query<{ version: string }>(`select current_setting('server_version') as version`);
      return `version ${rows[0]?.version ?? 'unknown'}`;
    }),
  schema: (options) =>
    withDatabase(options, async ({ pool }) => {
      const present = await schemaVersion(pool);
      if (present !== requiredSchemaVersion)
        throw new Error(`version ${present}, this release wants ${requiredSchemaVersion}: run \`runnel migrate\``);
      return `version ${present}`;
    }),
  NATS: (options) =>
    withMessaging(options, async ({ nc }) => {
      const version = nc.info?.version ?? '0';
      const [major = 0, minor = 0] = version.split('.').map(Number);
      if (major < 2 || (major === 2 && minor < 11)) throw new Error(`version ${version}: 2.11 or newer is needed`);
      const { memory, storage } = await (await jetstreamManager(nc)).getAccountInfo();
      return `version ${version}, JetStream holds ${storage + memory} bytes`;
    }),
  'object store': async (options) => {
    const { objects } = await installationOf(options);
    const store = await openObjectStore(objects);
    await store.ping();
    return store.direct ? `${objects}, ${await checkSigned(store.direct)}` : objects;
  },
  clock: (options) =>
    withDatabase(options, async ({ pool }) => {
      const { rows } = await pool.query<{ now: Date }>('select clock_timestamp() as now');
      const skew = Math.abs(Date.now() - (rows[0]?.now.getTime() ?? 0)) / 1000;
      if (skew > 5) throw new Error(`this machine and Postgres differ by ${skew.toFixed(1)} s: synchronise the clocks`);
      return `agrees with Postgres within ${Math.ceil(skew)} s`;
    }),
  executors: (options) =>
    withDatabase(options, async ({ pool }) => {
      const { rows } = await pool.query<{ id: string; slots: number; isolation: string }>(
        'select id, slots, isolation from executors where lease_until > now() and accepting',
      );
      if (rows.length === 0) throw new Error('none is alive: steps wait until one is started (`runnel up --only executor`)');
      return rows.map(({ id, slots, isolation }) => `${id}: ${slots} slots, ${isolation}`).join('; ');
    }),
  isolation: async () => {
    const { description, advice } = await detectIsolation();
    if (description === 'none') throw new Error(`none possible on this machine: ${advice ?? ''}`);
    return `${description} possible on this machine${advice === undefined ? '' : ` (${advice})`}`;
  },
};

/** A presigned address, as pods are given it: its host may be reachable by them alone. */
async function checkSigned(direct: DirectAccess): Promise<string> {
  const [{ url, headers } = { url: '', headers: {} }] = await direct.signGets(['runnel-doctor/no-such-object']);
  const { host } = new URL(url);
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(5000) }).catch(() => undefined);
  if (answer === undefined)
    return `presigned addresses lead to ${host}, which this machine does not reach (or whose certificate it does not know)`;
  // What is not there is said to those alone whose signature is right.
  if (answer.status !== 404) throw new Error(`presigned addresses are refused with ${answer.status}: check podEndpoint, rights and clocks`);
  return `presigned addresses work at ${host}`;
}
