import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { HarvestChanged, type DataOf } from '@runnel/contracts';
import { outboxRows, outgoing, type Messaging } from '@runnel/messaging';
import { inTransaction, insertOutbox, query, type Database } from '@runnel/postgres';
import { changesBetween, fetchHead, isKnown, openMirror, RepositoryUnavailable, type FileChange, type Mirror } from './git/git.ts';
import { listTree, readBlobs, refusalOfFile, type TreeFile } from './git/read-files.ts';
import { protocolsOf, relevantChanges, type Watched } from './watched.ts';

/** Bytes of a file that travels in a message; a longer document is told without its content and refused by who reads it. */
const contentBytes = 200_000;
/** Bytes of content in one message: a large commit becomes several. */
const messageBytes = 300_000;

type Change = DataOf<typeof HarvestChanged>['changes'][number];

/**
 * Looks at one watched branch; where its commit moved, queues what changed and moves the position, in one transaction: a crash in between tells it
 * again, never loses it. Returns the number of changed files. Rejects with RepositoryUnavailable.
 */
export async function harvestBranch(watched: Watched, workDir: string, database: Database, messaging: Messaging): Promise<number> {
  const directory = join(workDir, createHash('sha256').update(`${watched.repository}\n${watched.branch}`).digest('hex').slice(0, 20));
  const mirror = await openMirror({ directory, repository: watched.repository, branch: watched.branch, protocols: protocolsOf(watched) });
  const head = await fetchHead(mirror);
  const position = await positionOf(database, watched);
  if (head === undefined) throw new RepositoryUnavailable('the branch is gone: what came from it stays deployed');
  if (head === position) {
    await clearFault(database, watched);
    return 0;
  }
  const changes = relevantChanges(watched, await changesBetween(mirror, position, head));
  const tree = await listTree(mirror, head);
  // Where the copy was lost nothing tells what the old commit had; what is deployed does.
  const lost = position !== undefined && !(await isKnown(mirror, position)) ? await deployedPaths(database, watched) : [];
  const gone = lost.filter((path) => !tree.has(path)).map((path) => ({ path, change: 'deleted' as const }));
  const batches = await batched(mirror, tree, [...gone, ...changes]);
  const { workspace, repository, branch } = watched;
  const messages = batches.map((part) =>
    outgoing(HarvestChanged, { workspace, source: 'git', repository, branch, commit: head, changes: part }),
  );
  await inTransaction(database, async (tx) => {
    await insertOutbox(tx, outboxRows(messaging, messages));
    await query(tx, {
      text: `insert into harvest_positions (repository, branch, workspace, commit, updated_at) values ($1, $2, $3, $4, now())
on conflict (workspace, repository, branch) do update set commit = excluded.commit, updated_at = excluded.updated_at, error = null, failures = 0`,
      values: [repository, branch, workspace, head],
    });
  });
  return changes.length + gone.length;
}

/** Notes why a branch could not be read, also one that never could; its position stays. */
export async function noteFault(database: Database, { repository, branch, workspace }: Watched, reason: string): Promise<void> {
  await database.pool.query(
    `
insert into harvest_positions (repository, branch, workspace, updated_at, error, failures) values ($1, $2, $3, now(), $4, 1)
on conflict (workspace, repository, branch) do update set error = excluded.error, updated_at = now(), failures = harvest_positions.failures + 1`,
    [repository, branch, workspace, reason],
  );
}

async function clearFault(database: Database, { repository, branch, workspace }: Watched): Promise<void> {
  await database.pool.query(
    `
update harvest_positions set error = null, failures = 0, updated_at = now()
where repository = $1 and branch = $2 and workspace = $3 and error is not null`,
    [repository, branch, workspace],
  );
}

async function positionOf(database: Database, { repository, branch, workspace }: Watched): Promise<string | undefined> {
  const { rows } = await database.pool.query<{ commit: string | null }>(
    'select commit from harvest_positions where repository = $1 and branch = $2 and workspace = $3',
    [repository, branch, workspace],
  );
  return rows[0]?.commit ?? undefined;
}

/** Files of the branch from which something is deployed (the api names them so). */
async function deployedPaths(database: Database, { repository, branch, workspace }: Watched): Promise<string[]> {
  const prefix = `harvest:${repository}#${branch}:`;
  const { rows } = await database.pool.query<{ path: string }>(
    `
select distinct substr(deployed_by, length($2) + 1) as path from processes
where workspace = $1 and starts_with(deployed_by, $2) and deleted_at is null`,
    [workspace, prefix],
  );
  return rows.map(({ path }) => path);
}

async function batched(mirror: Mirror, tree: ReadonlyMap<string, TreeFile>, changes: readonly FileChange[]): Promise<Change[][]> {
  const batches: (FileChange & { object?: string; refused?: string })[][] = [];
  let size = Infinity;
  for (const change of changes) {
    const file = tree.get(change.path);
    const refused = change.change === 'deleted' ? undefined : refusalOfFile(file, contentBytes);
    const wanted = change.change !== 'deleted' && refused === undefined;
    const bytes = (wanted ? (file?.size ?? 0) : 0) + change.path.length + 200;
    if (size + bytes > messageBytes) {
      batches.push([]);
      size = 0;
    }
    batches.at(-1)?.push({ ...change, ...(refused === undefined ? {} : { refused }), ...(wanted && file ? { object: file.object } : {}) });
    size += bytes;
  }
  const filled: Change[][] = [];
  for (const batch of batches) {
    const blobs = await readBlobs(
      mirror,
      batch.flatMap(({ object }) => object ?? []),
    );
    filled.push(batch.map(({ object, ...change }) => (object === undefined ? change : withContent(change, blobs.shift()))));
  }
  return filled;
}

function withContent(change: FileChange, blob: Buffer | undefined): Change {
  try {
    return { ...change, content: new TextDecoder('utf-8', { fatal: true }).decode(blob) };
  } catch {
    return { ...change, refused: 'it is not UTF-8 text' };
  }
}
