import { Client } from 'pg';
import { admit } from './admit.ts';
import type { Turns } from './admit.ts';
import { readDemand } from './read-demand.ts';
import { writeAdmission } from './write-admission.ts';
import { startLoop } from '../loop.ts';

export interface AdmitterOptions {
  url: string;
  /** Tells the owners of these runs that grants stand in the table. */
  tellOwners: (runs: readonly string[]) => void;
  onError: (error: unknown) => void;
}

export interface Admitter {
  /** True while this process holds the lock; else changes are told by NOTIFY on `admission`. */
  readonly holdsLock: boolean;
  /** Something changed that admission depends on. */
  wake(): void;
  close(): Promise<void>;
}

/** Any number that nothing else locks. */
const lockKey = 7252;
/** Milliseconds between looks, for what nobody told. */
const look = 1000;

/**
 * The one admitter of an installation: whoever holds the advisory lock. Everything it writes goes over the connection that holds the lock, so
 * that one who lost it cannot write any more.
 */
export function startAdmitter({ url, tellOwners, onError }: AdmitterOptions): Admitter {
  let client: Client | undefined;
  let holdsLock = false;
  let turns: Turns = { deficits: new Map() };

  const lost = (): void => {
    client = undefined;
    holdsLock = false;
  };
  const connect = async (): Promise<Client> => {
    const fresh = new Client({
      connectionString: url,
      application_name: 'runnel-admitter',
      connectionTimeoutMillis: 5000,
      statement_timeout: 10_000,
    });
    fresh.on('error', lost).on('end', lost);
    fresh.on('notification', () => loop.wake());
    await fresh.connect();
    await fresh.query('listen admission');
    return fresh;
  };
  const pass = async (): Promise<void> => {
    client ??= await connect();
    const connection = client;
    if (!holdsLock) {
      const { rows } = await connection.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [lockKey]);
      holdsLock = rows[0]?.held ?? false;
      turns = { deficits: new Map() };
    }
    if (!holdsLock) return;
    const demand = await readDemand(connection);
    const admission = admit(demand.waiting, demand.executors, turns, Date.now());
    await writeAdmission(connection, admission, demand);
    turns = admission.turns;
    tellOwners([...new Set([...admission.grants.map((grant) => grant.run), ...demand.unheard])]);
  };
  const loop = startLoop(pass, look, onError);
  return {
    get holdsLock() {
      return holdsLock;
    },
    wake: () => {
      if (holdsLock) loop.wake();
    },
    close: async () => {
      await loop.close();
      await client?.end().catch(() => undefined);
    },
  };
}
