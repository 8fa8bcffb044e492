import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectStore } from '@runnel/objects';
import type { Database } from '@runnel/postgres';
import { beginning, sealDigest } from './chain.ts';
import type { Sealed } from './chain.ts';
import { readEntries } from './entries.ts';
import { faultByHead, readHead } from './head.ts';

export interface AuditReport {
  readonly seals: number;
  readonly sealed: number;
  /** Entries that wait for the next seal. */
  readonly open: number;
  /** What was tampered with; empty: nothing that is sealed. */
  readonly faults: readonly string[];
}

/** Seals read at a time. */
const atOnce = 500;
/** Milliseconds in which a service that seals puts the head. */
const headPatience = 3000;

/** Computes every seal again and compares: with what stands in the database, and with the head in the object store. */
export async function verifyAudit(database: Pick<Database, 'pool'>, objects: ObjectStore): Promise<AuditReport> {
  const head = await readHead(objects);
  const faults: string[] = [];
  let last = beginning;
  let seals = 0;
  let sealed = 0;
  for await (const seal of sealsOf(database)) {
    const { fault, entries } = await checkSeal(database, last, seal);
    if (fault !== undefined) faults.push(fault);
    seals += 1;
    sealed += entries;
    last = seal;
  }
  const { rows } = await database.pool.query<{ open: number }>('select count(*)::integer as open from audit where seq > $1', [
    last.lastSeq,
  ]);
  const byHead = head === undefined ? undefined : await faultByHead(database, head);
  if (byHead !== undefined) faults.push(byHead);
  if (head === undefined && seals > 1 && !(await headComes(objects)))
    faults.push('the object store has no head of the chain: it was removed');
  return { seals, sealed, open: rows[0]?.open ?? 0, faults };
}

/** What was sealed in this second may get its head in the next. */
async function headComes(objects: ObjectStore): Promise<boolean> {
  await sleep(headPatience);
  return (await readHead(objects)) !== undefined;
}

interface StoredSeal extends Sealed {
  readonly entries: number;
}

async function* sealsOf({ pool }: Pick<Database, 'pool'>): AsyncGenerator<StoredSeal> {
  for (let after = '-1'; ;) {
    const { rows } = await pool.query<StoredSeal>(
      'select number, last_seq as "lastSeq", entries, digest from audit_seals where number > $1 order by number limit $2',
      [after, atOnce],
    );
    yield* rows;
    const end = rows.at(-1);
    if (!end || rows.length < atOnce) return;
    after = end.number;
  }
}

async function checkSeal(
  database: Pick<Database, 'pool'>,
  before: Sealed,
  seal: StoredSeal,
): Promise<{ readonly fault?: string; readonly entries: number }> {
  const place = `seal ${seal.number} (entries ${BigInt(before.lastSeq) + 1n} to ${seal.lastSeq})`;
  // One more than it can have, so that what was added shows.
  const entries = await readEntries(database, before.lastSeq, seal.lastSeq, seal.entries + 1);
  if (BigInt(seal.number) !== BigInt(before.number) + 1n)
    return { fault: `${place} does not follow seal ${before.number}`, entries: entries.length };
  const fits = sealDigest(before.digest, seal, entries).equals(seal.digest);
  return { ...(fits ? {} : { fault: `${place} is broken: entries were changed, added or removed` }), entries: entries.length };
}
