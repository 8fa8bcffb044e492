import { readFileSync } from 'node:fs';
import { matchesGlob } from 'node:path';
import { hookOf } from '@runnel/access';
import { takerOf, Workspace } from '@runnel/contracts';
import { z } from 'zod';
import type { FileChange } from './git/git.ts';

const patterns = z.array(z.string().min(1)).min(1);

/** One binding of a branch's files to a workspace. It stands in the administrator's configuration: a repository never says whose it is. */
const WatchedBranch = z.strictObject({
  repository: z.string().min(1),
  branch: z.string().min(1).default('main'),
  /** Which files: glob patterns, relative to the repository's root. */
  paths: patterns.default(['**/*.cwl']),
  workspace: Workspace,
  /** Only the administrator may let a repository on this machine's disk be read. */
  allowFile: z.boolean().default(false),
});
export type WatchedBranch = z.infer<typeof WatchedBranch>;

/** Files that a workspace's users put there: glob patterns, relative to the workspace's files. */
const WatchedFiles = z.strictObject({ files: patterns, workspace: Workspace });
export type WatchedFiles = z.infer<typeof WatchedFiles>;

export type Watched = WatchedBranch | WatchedFiles;

/** Reads the file that names what is watched. Throws with the place of the fault. */
export function readWatched(path: string): Watched[] {
  const faults: string[] = [];
  const found = parseList(path).flatMap((one, index): Watched[] => {
    const kind = typeof one === 'object' && one !== null && 'files' in one ? WatchedFiles : WatchedBranch;
    const parsed = kind.safeParse(one);
    if (parsed.success) return [parsed.data];
    faults.push(...parsed.error.issues.map(({ path: place, message }) => `${path}: ${[index, ...place].join('.')}: ${message}`));
    return [];
  });
  const twice = found.map(nameOf).filter((name, index, all) => all.indexOf(name) !== index);
  faults.push(...twice.map((name) => `${path}: ${name} is bound twice to one workspace; give one entry all its patterns`));
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return found;
}

function parseList(path: string): unknown[] {
  try {
    return z.array(z.unknown()).parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const reason =
      cause instanceof z.ZodError ? 'a JSON list of bindings is expected' : cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${path}: ${reason}`, { cause });
  }
}

export const isBranch = (watched: Watched): watched is WatchedBranch => 'repository' in watched;

/** What a binding is called in tables and messages; the files of a workspace are a repository without branches. */
export const placeOf = (watched: Watched): { workspace: string; repository: string; branch: string } => ({
  workspace: watched.workspace,
  ...(isBranch(watched) ? { repository: watched.repository, branch: watched.branch } : { repository: 'files', branch: '' }),
});

function nameOf(watched: Watched): string {
  const { workspace, repository, branch } = placeOf(watched);
  return `${repository}${branch === '' ? '' : `#${branch}`} for ${workspace}`;
}

/** Whether a webhook is that of the binding's repository. */
export const isHookOf = (hook: string, watched: Watched): boolean => isBranch(watched) && hookOf(watched.repository) === hook;

export const protocolsOf = (watched: WatchedBranch): string => (watched.allowFile ? 'https:ssh:file' : 'https:ssh');

export const matches = (some: readonly string[], path: string): boolean => some.some((pattern) => matchesGlob(path, pattern));

/**
 * The changes that concern a binding. A file renamed out of its patterns is deleted for it, one renamed into them is added; one that somebody else
 * takes under its new name is both, since each hears of its own files.
 */
export function relevantChanges(watched: WatchedBranch, changes: readonly FileChange[]): FileChange[] {
  return changes.flatMap((change): FileChange[] => {
    const { path, previousPath } = change;
    const now = matches(watched.paths, path);
    const before = previousPath !== undefined && matches(watched.paths, previousPath);
    if (previousPath === undefined) return now ? [change] : [];
    if (now && before && takerOf(path) === takerOf(previousPath)) return [change];
    return [...(before ? [{ path: previousPath, change: 'deleted' } as const] : []), ...(now ? [{ path, change: 'added' } as const] : [])];
  });
}
