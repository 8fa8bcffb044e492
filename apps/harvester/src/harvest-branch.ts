import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { HarvestChanged, type DataOf } from '@runnel/contracts';
import { outboxRows, outgoing, type Messaging } from '@runnel/messaging';
import { inTransaction, insertOutbox, query, type Database } from '@runnel/postgres';
import { changesBetween, fetchHead, openMirror, readFileAt, type FileChange, type Mirror } from './git/git.ts';
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
  if (head === undefined || head === position) return 0;
  const changes = relevantChanges(watched, await changesBetween(mirror, position, head));
  const batches = await batched(mirror, head, changes);
  const { workspace, repository, branch } = watched;
  const messages = batches.map((part) =>
    outgoing(HarvestChanged, { workspace, source: 'git', repository, branch, commit: head, changes: part }),
  );
  await inTransaction(database, async (tx) => {
    await insertOutbox(tx, outboxRows(messaging, messages));
    await query(tx, {
      text: `insert into harvest_positions (repository, branch, commit, updated_at) values ($1, $2, $3, now())
on conflict (repository, branch) do update set commit = excluded.commit, updated_at = excluded.updated_at, error = null`,
      values: [repository, branch, head],
    });
  });
  return changes.length;
}

/** Notes why a branch could not be read; its position stays. */
export async function noteFault(database: Database, { repository, branch }: Watched, reason: string): Promise<void> {
  await database.pool.query('update harvest_positions set error = $3, updated_at = now() where repository = $1 and branch = $2', [
    repository,
    branch,
    reason,
  ]);
}

async function positionOf(database: Database, { repository, branch }: Watched): Promise<string | undefined> {
  const { rows } = await database.pool.query<{ commit: string }>(
    'select commit from harvest_positions where repository = $1 and branch = $2',
    [repository, branch],
  );
  return rows[0]?.commit;
}

async function batched(mirror: Mirror, commit: string, changes: readonly FileChange[]): Promise<Change[][]> {
  const batches: Change[][] = [];
  let size = Infinity;
  for (const change of changes) {
    const content = change.change === 'deleted' ? undefined : await readFileAt(mirror, commit, change.path, contentBytes);
    const bytes = Buffer.byteLength(content ?? '') + change.path.length;
    if (size + bytes > messageBytes) {
      batches.push([]);
      size = 0;
    }
    batches.at(-1)?.push({ ...change, ...(content === undefined ? {} : { content }) });
    size += bytes;
  }
  return batches;
}
