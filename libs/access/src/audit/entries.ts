import type { Database } from '@runnel/postgres';

/** What is kept of a decision. */
export interface AuditEntry {
  readonly at: Date;
  /** Of what was asked for; null: of none in particular. */
  readonly workspace: string | null;
  /** Of the token; null: there was none that counts. */
  readonly caller: string | null;
  /** `token:0193…`, `anonymous`, `unknown`. */
  readonly principal: string;
  readonly action: string;
  readonly allowed: boolean;
  /** Why it was refused. */
  readonly reason: string | null;
  readonly method: string | null;
  /** Path that was asked for, without its query. */
  readonly target: string | null;
  readonly request: string | null;
  readonly address: string | null;
  /** So many like it within a second. */
  readonly times: number;
}

export interface StoredEntry extends AuditEntry {
  /** Entries are numbered in the order in which they were written, with gaps. */
  readonly seq: string;
}

type Pool = Pick<Database, 'pool'>;

const columns = 'at, workspace, caller, principal, action, allowed, reason, method, target, request, address, times';

/** Writes entries down, all or none. Any number of processes may do so beside each other. */
export async function insertEntries({ pool }: Pool, entries: readonly AuditEntry[]): Promise<void> {
  const column = <K extends keyof AuditEntry>(name: K) => entries.map((entry) => storable(entry[name]));
  await pool.query({
    name: 'insert-audit',
    text: `
insert into audit (${columns})
select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::text[], $9::text[],
  $10::text[], $11::text[], $12::integer[])`,
    values: [
      column('at'),
      column('workspace'),
      column('caller'),
      column('principal'),
      column('action'),
      column('allowed'),
      column('reason'),
      column('method'),
      column('target'),
      column('request'),
      column('address'),
      column('times'),
    ],
  });
}

/** No text that somebody else chose may keep its neighbours from being written: Postgres takes neither null characters nor halves of characters. */
function storable<T>(value: T): T | string {
  return typeof value === 'string' ? value.replaceAll('\0', '\u{fffd}').toWellFormed().slice(0, 500) : value;
}

export interface EntryFilter {
  readonly workspace?: string | undefined;
  readonly allowed?: boolean | undefined;
  /** Most of them. */
  readonly limit: number;
}

/** The latest entries, oldest first. A workspace's: those about what is its own, and those of its tokens. */
export async function listEntries({ pool }: Pool, { workspace, allowed, limit }: EntryFilter): Promise<StoredEntry[]> {
  const { rows } = await pool.query<StoredEntry>(
    `select seq, ${columns} from audit
where ($1::text is null or workspace = $1 or caller = $1) and ($2::boolean is null or allowed = $2) order by seq desc limit $3`,
    [workspace ?? null, allowed ?? null, limit],
  );
  return rows.reverse();
}

/** Entries after a number, up to another one. */
export async function readEntries({ pool }: Pool, after: string, upTo: string, limit: number): Promise<StoredEntry[]> {
  const { rows } = await pool.query<StoredEntry>({
    name: 'read-audit',
    text: `select seq, ${columns} from audit where seq > $1 and seq <= $2 order by seq limit $3`,
    values: [after, upTo, limit],
  });
  return rows;
}
