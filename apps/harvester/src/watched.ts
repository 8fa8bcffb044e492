import { readFileSync } from 'node:fs';
import { matchesGlob } from 'node:path';
import { Workspace } from '@runnel/contracts';
import { z } from 'zod';
import type { FileChange } from './git/git.ts';

/** One binding of a branch's files to a workspace. It stands in the administrator's configuration: a repository never says whose it is. */
const Watched = z.object({
  repository: z.string().min(1),
  branch: z.string().min(1).default('main'),
  /** Which files: glob patterns, relative to the repository's root. */
  paths: z.array(z.string().min(1)).min(1).default(['**/*.cwl']),
  workspace: Workspace,
  /** Only the administrator may let a repository on this machine's disk be read. */
  allowFile: z.boolean().default(false),
});
export type Watched = z.infer<typeof Watched>;

/** Reads the file that names the watched branches. Throws with the place of the fault. */
export function readWatched(path: string): Watched[] {
  const parsed = z.array(Watched).safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map(({ path: place, message }) => `${path}: ${place.join('.')}: ${message}`).join('\n'));
}

export const protocolsOf = (watched: Watched): string => (watched.allowFile ? 'https:ssh:file' : 'https:ssh');

const matches = (patterns: readonly string[], path: string): boolean => patterns.some((pattern) => matchesGlob(path, pattern));

/** The changes that concern a binding. A file renamed out of its patterns is deleted for it, one renamed into them is added. */
export function relevantChanges(watched: Watched, changes: readonly FileChange[]): FileChange[] {
  return changes.flatMap((change): FileChange[] => {
    const { path, previousPath } = change;
    const now = matches(watched.paths, path);
    const before = previousPath !== undefined && matches(watched.paths, previousPath);
    if (previousPath === undefined) return now ? [change] : [];
    if (now && before) return [change];
    if (now) return [{ path, change: 'added' }];
    return before ? [{ path: previousPath, change: 'deleted' }] : [];
  });
}
