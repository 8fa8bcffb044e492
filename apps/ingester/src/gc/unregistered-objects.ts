import { contentKeptFor, type ObjectInfo, type ObjectStore } from '@runnel/objects';
import type { Database } from '@runnel/postgres';
import { contentHashOf } from '../results/locations.ts';
import type { OnGarbage } from './garbage.ts';

const batchSize = 1000;

/**
 * Brings objects into the ledger that no news named: those of attempts whose executor died before it could tell, or whose rows were lost with a
 * restored database. They count as touched when they were put.
 */
export async function registerObjects(
  database: Database,
  objects: ObjectStore,
  workspace: string,
  now: Date,
  dryRun: boolean,
  onGarbage: OnGarbage,
): Promise<void> {
  let batch: ObjectInfo[] = [];
  for await (const info of objects.list(`${workspace}/objects/`)) {
    batch.push(info);
    if (batch.length < batchSize) continue;
    await registerBatch(database, workspace, batch, now, dryRun, onGarbage);
    batch = [];
  }
  await registerBatch(database, workspace, batch, now, dryRun, onGarbage);
}

async function registerBatch(
  database: Database,
  workspace: string,
  batch: readonly ObjectInfo[],
  now: Date,
  dryRun: boolean,
  onGarbage: OnGarbage,
): Promise<void> {
  const named = batch.flatMap((info) => {
    const sha256 = contentHashOf(info.key, workspace);
    return sha256 === undefined ? [] : [{ sha256, info }];
  });
  if (named.length === 0) return;
  const hashes = named.map(({ sha256 }) => sha256);
  if (!dryRun) {
    await database.pool.query(
      `insert into objects (workspace, sha256, size, touched_at)
select $1, o.* from unnest($2::text[], $3::bigint[], $4::timestamptz[]) as o on conflict do nothing`,
      [workspace, hashes, named.map(({ info }) => info.size), named.map(({ info }) => info.modifiedAt)],
    );
    return;
  }
  const { rows } = await database.pool.query<{ sha256: string }>('select sha256 from objects where workspace = $1 and sha256 = any($2)', [
    workspace,
    hashes,
  ]);
  const known = new Set(rows.map((row) => row.sha256));
  for (const { sha256, info } of named) {
    const old = now.getTime() - info.modifiedAt.getTime() > contentKeptFor;
    if (old && !known.has(sha256)) onGarbage({ action: 'mark', kind: 'object', key: info.key, count: 1, bytes: info.size });
  }
}
