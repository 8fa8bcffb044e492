import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Database } from '@runnel/postgres';
import { changesBetween, fetchHead, isKnown, openMirror, RepositoryUnavailable, type FileChange } from './git/git.ts';
import { listTree, readBlobs, refusalOfFile, type TreeFile } from './git/read-files.ts';
import { noteLook, positionOf, type Place } from './positions.ts';
import { largestFile, tellChanges, type FoundChange, type HarvesterParts } from './tell-changes.ts';
import { placeOf, protocolsOf, relevantChanges, type WatchedBranch } from './watched.ts';

/** Folder of the copy of a branch, whichever workspaces it is bound to. */
export const copyOf = ({ repository, branch }: Pick<WatchedBranch, 'repository' | 'branch'>): string =>
  createHash('sha256').update(`${repository}\n${branch}`).digest('hex').slice(0, 20);

/** Looks at one watched branch and tells what changed since its position. Returns the number of changed files. Rejects with RepositoryUnavailable. */
export async function harvestBranch(parts: HarvesterParts, watched: WatchedBranch): Promise<number> {
  const { database } = parts;
  const place = placeOf(watched);
  const directory = join(parts.workDir, copyOf(watched));
  const mirror = await openMirror({ directory, repository: watched.repository, branch: watched.branch, protocols: protocolsOf(watched) });
  const head = await fetchHead(mirror);
  const { commit: position } = await positionOf(database, place);
  if (head === undefined) throw new RepositoryUnavailable('the branch is gone: what came from it stays as it is');
  if (head === position) {
    await noteLook(database, place);
    return 0;
  }
  const known = position !== undefined && (await isKnown(mirror, position));
  const relevant = await ofBinding(watched, await changesBetween(mirror, known ? position : undefined, head));
  // Where the copy was lost nothing tells what the old commit had; what came of it does.
  const before = position !== undefined && !known ? await harvestedPaths(database, place) : [];
  const named = before.length === 0 && relevant.length <= mostNamed ? relevant.map(({ path }) => path) : undefined;
  const tree = await listTree(mirror, head, named);
  const gone = before.filter((path) => !tree.has(path)).map((path) => ({ path, change: 'deleted' as const }));
  const changes = [...gone, ...relevant].map((change) => found(change, tree.get(change.path)));
  await tellChanges(parts, { place, source: 'git', commit: head, changes, read: (refs) => readBlobs(mirror, refs) });
  return changes.length;
}

/** Paths that are named to git; of more the whole tree is listed. */
const mostNamed = 100;
/** Files whose patterns are looked at in one go: everything else of the process waits meanwhile. */
const atOnce = 2000;

async function ofBinding(watched: WatchedBranch, changes: readonly FileChange[]): Promise<FileChange[]> {
  const relevant: FileChange[] = [];
  for (let at = 0; at < changes.length; at += atOnce) {
    relevant.push(...relevantChanges(watched, changes.slice(at, at + atOnce)));
    await setImmediate();
  }
  return relevant;
}

function found(change: FileChange, file: TreeFile | undefined): FoundChange {
  if (change.change === 'deleted') return change;
  const refused = refusalOfFile(file, largestFile);
  if (refused !== undefined || file === undefined) return { ...change, refused };
  return { ...change, content: { ref: file.object, size: file.size } };
}

/** Files of the branch from which something is deployed (the api names them so) or stands in the catalogue. */
async function harvestedPaths({ pool }: Database, { repository, branch, workspace }: Place): Promise<string[]> {
  const { rows } = await pool.query<{ path: string }>({
    name: 'harvested-paths',
    text: `
select substr(deployed_by, length($2) + 1) as path from processes
where workspace = $1 and starts_with(deployed_by, $2) and deleted_at is null
union select path from harvested_documents where workspace = $1 and repository = $3 and branch = $4`,
    values: [workspace, `harvest:${repository}#${branch}:`, repository, branch],
  });
  return rows.map(({ path }) => path);
}
