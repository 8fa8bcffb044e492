import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import { query } from '../transaction.ts';
import type { Transaction } from '../transaction.ts';
import type { Write } from '../write-together.ts';

const compress = promisify(deflate);
const expand = promisify<Buffer, Buffer>(inflate);

/** State of a run after `version`, so that loading it need not fold every event. */
export interface Snapshot {
  version: number;
  /** JSON; says itself which release's shape it has. */
  state: unknown;
}

/** Events after which a snapshot is due. */
export const snapshotEvery = 500;

/** Compresses outside the database's time; give the result to `snapshotWrite`. */
export async function packSnapshot(state: unknown): Promise<Buffer> {
  return compress(JSON.stringify(state));
}

/** Keeps the newest: an older snapshot than the present one changes nothing. */
export function snapshotWrite(runId: string, version: number, packed: Buffer): Write {
  return {
    name: 'write-snapshot',
    text: `
insert into snapshots (run_id, version, state) values ($1, $2, $3)
on conflict (run_id) do update set version = excluded.version, state = excluded.state
where snapshots.version < excluded.version`,
    values: [runId, version, packed],
  };
}

export async function readSnapshot(tx: Transaction, runId: string): Promise<Snapshot | undefined> {
  const { rows } = await query<{ version: number; state: Buffer }>(tx, {
    name: 'read-snapshot',
    text: 'select version, state from snapshots where run_id = $1',
    values: [runId],
  });
  const row = rows[0];
  if (!row) return undefined;
  return { version: row.version, state: JSON.parse((await expand(row.state)).toString()) as unknown };
}
