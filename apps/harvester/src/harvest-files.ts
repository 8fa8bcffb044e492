import { createHash } from 'node:crypto';
import { ObjectNotFound, ObjectTooLarge, type ObjectStore } from '@runnel/objects';
import { query, type Database, type Transaction } from '@runnel/postgres';
import { noteLook, positionOf } from './positions.ts';
import { largestFile, tellChanges, type FoundChange, type HarvesterParts } from './tell-changes.ts';
import { matches, placeOf, type WatchedFiles } from './watched.ts';

/** What the services themselves write among a workspace's files: it is in the catalogue already. */
const ours = ['processing-results/', 'processing-results.json', 'harvested/'];

interface Listed {
  readonly etag: string;
  readonly size: number;
}

/**
 * Looks at the files of a workspace: what has another ETag than when it was last told of is told, with the ETags in the transaction that moves the
 * position. Returns the number of changed files.
 */
export async function harvestFiles(parts: HarvesterParts, watched: WatchedFiles): Promise<number> {
  const { database, objects } = parts;
  const { workspace } = watched;
  const place = placeOf(watched);
  const [present, known] = await Promise.all([listFiles(objects, watched), knownFiles(database, workspace)]);
  const changes = difference(workspace, present, known);
  if (changes.length === 0) {
    await noteLook(database, place);
    return 0;
  }
  const { commit: before } = await positionOf(database, place);
  const told = changes.map(({ path, change }) => [path, change, present.get(path)?.etag ?? '']);
  // The same look made again, after a crash, has the same name; another one never has.
  const name = JSON.stringify([before ?? '', told]);
  const commit = createHash('sha256').update(name).digest('hex').slice(0, 40);
  const read = (refs: readonly string[]): Promise<(Buffer | undefined)[]> => Promise.all(refs.map((key) => readFile(objects, key)));
  const also = (tx: Transaction): Promise<void> => noteFiles(tx, workspace, changes, present);
  await tellChanges(parts, { place, source: 'files', commit, changes, read, also });
  return changes.length;
}

async function listFiles(objects: ObjectStore, { workspace, files }: WatchedFiles): Promise<Map<string, Listed>> {
  const prefix = `${workspace}/files/`;
  const found = new Map<string, Listed>();
  for await (const { key, etag, size } of objects.list(prefix)) {
    const path = key.slice(prefix.length);
    if (ours.some((own) => path.startsWith(own)) || !matches(files, path)) continue;
    found.set(path, { etag, size });
  }
  return found;
}

async function knownFiles({ pool }: Database, workspace: string): Promise<Map<string, string>> {
  const { rows } = await pool.query<{ path: string; etag: string }>({
    name: 'watched-files',
    text: 'select path, etag from watched_files where workspace = $1',
    values: [workspace],
  });
  return new Map(rows.map(({ path, etag }) => [path, etag]));
}

/** What differs; a file that was moved is one that is gone and one that is new. Deletions first. */
function difference(workspace: string, present: ReadonlyMap<string, Listed>, known: ReadonlyMap<string, string>): FoundChange[] {
  const gone = [...known.keys()].filter((path) => !present.has(path)).map((path) => ({ path, change: 'deleted' as const }));
  const changed = [...present].flatMap(([path, { etag, size }]): FoundChange[] => {
    const before = known.get(path);
    if (before === etag) return [];
    const change = before === undefined ? 'added' : 'updated';
    if (size > largestFile) return [{ path, change, refused: `it has ${size} bytes, the limit is ${largestFile}` }];
    return [{ path, change, content: { ref: `${workspace}/files/${path}`, size } }];
  });
  return [...gone, ...changed];
}

async function readFile(objects: ObjectStore, key: string): Promise<Buffer | undefined> {
  try {
    return await objects.getBytes(key, largestFile);
  } catch (error) {
    if (error instanceof ObjectNotFound || error instanceof ObjectTooLarge) return undefined;
    throw error;
  }
}

async function noteFiles(
  tx: Transaction,
  workspace: string,
  changes: readonly FoundChange[],
  present: ReadonlyMap<string, Listed>,
): Promise<void> {
  const paths = changes.map(({ path }) => path);
  await query(tx, {
    name: 'forget-watched-files',
    text: 'delete from watched_files where workspace = $1 and path = any($2)',
    values: [workspace, paths],
  });
  const kept = paths.filter((path) => present.has(path));
  await query(tx, {
    name: 'note-watched-files',
    text: 'insert into watched_files (workspace, path, etag) select $1, f.path, f.etag from unnest($2::text[], $3::text[]) as f (path, etag)',
    values: [workspace, kept, kept.map((path) => present.get(path)?.etag ?? '')],
  });
}
