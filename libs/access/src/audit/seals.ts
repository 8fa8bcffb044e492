import { inTransaction, query } from '@runnel/postgres';
import type { Database, Transaction } from '@runnel/postgres';
import { beginning, sealDigest } from './chain.ts';
import type { Sealed } from './chain.ts';
import { readEntries } from './entries.ts';

/** Entries under one seal, at most. */
const most = 5000;

interface Row {
  number: string;
  last_seq: string;
  digest: Buffer;
}

/** The latest seal; `beginning` where there is none. */
export async function lastSeal({ pool }: Pick<Database, 'pool'>): Promise<Sealed> {
  const { rows } = await pool.query<Row>('select number, last_seq, digest from audit_seals order by number desc limit 1');
  return rows[0] ? sealOf(rows[0]) : beginning;
}

/** A seal by its number. */
export async function findSeal({ pool }: Pick<Database, 'pool'>, number: string): Promise<Sealed | undefined> {
  const { rows } = await pool.query<Row>('select number, last_seq, digest from audit_seals where number = $1', [number]);
  return rows[0] && sealOf(rows[0]);
}

/**
 * Seals what was written since the last seal; undefined where there is nothing, or another process does so in this instant. Entries whose
 * transaction is still open are left to the next one.
 */
export async function sealEntries(database: Database): Promise<Sealed | undefined> {
  const settled = await settledUpTo(database);
  if (settled === null || BigInt(settled) <= BigInt((await lastSeal(database)).lastSeq)) return undefined;
  return inTransaction(database, async (tx) => {
    const { rows: lock } = await query<{ mine: boolean }>(tx, {
      name: 'lock-seals',
      text: `select pg_try_advisory_xact_lock(hashtextextended('audit seals', 0)) as mine`,
    });
    if (lock[0]?.mine !== true) return undefined;
    const before = await lastSeal(database);
    const entries = await readEntries(database, before.lastSeq, settled, most);
    const lastSeq = entries.at(-1)?.seq;
    if (lastSeq === undefined) return undefined;
    const number = String(BigInt(before.number) + 1n);
    const seal = { number, lastSeq, digest: sealDigest(before.digest, { number, lastSeq }, entries) };
    await insertSeal(tx, seal, entries.length);
    return seal;
  });
}

/** The highest number up to which nothing will appear any more: see the migration. */
function settledUpTo(database: Database): Promise<string | null> {
  return inTransaction(database, async (tx) => {
    await query(tx, { name: 'lock-audit', text: `select pg_advisory_xact_lock(hashtextextended('audit', 0))` });
    const { rows } = await query<{ seq: string | null }>(tx, { name: 'last-audit', text: 'select max(seq) as seq from audit' });
    return rows[0]?.seq ?? null;
  });
}

async function insertSeal(tx: Transaction, { number, lastSeq, digest }: Sealed, entries: number): Promise<void> {
  await query(tx, {
    name: 'insert-seal',
    text: 'insert into audit_seals (number, at, last_seq, entries, digest) values ($1, now(), $2, $3, $4)',
    values: [number, lastSeq, entries, digest],
  });
}

const sealOf = ({ number, last_seq: lastSeq, digest }: Row): Sealed => ({ number, lastSeq, digest });
