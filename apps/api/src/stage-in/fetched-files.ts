import type { Database } from '@runnel/postgres';
import type { KnownFile } from './download.ts';

type Pool = Pick<Database, 'pool'>;

/** A file that this workspace fetched from an address before. It is nobody else's: who it is given to by an address may differ. */
export async function findFetched({ pool }: Pool, workspace: string, href: string): Promise<KnownFile | undefined> {
  const { rows } = await pool.query<KnownFile>({
    name: 'find-fetched',
    text: `select etag, sha256, key from fetched_files where workspace = $1 and href = $2`,
    values: [workspace, href],
  });
  return rows[0];
}

export async function keepFetched({ pool }: Pool, workspace: string, href: string, { etag, sha256, key }: KnownFile): Promise<void> {
  await pool.query({
    name: 'keep-fetched',
    text: `
insert into fetched_files (workspace, href, etag, sha256, key, fetched_at) values ($1, $2, $3, $4, $5, now())
on conflict (workspace, href) do update set etag = excluded.etag, sha256 = excluded.sha256, key = excluded.key, fetched_at = excluded.fetched_at`,
    values: [workspace, href, etag, sha256, key],
  });
}
