import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** The repository could not be read: away, refused, or not there. Tried again at the next poll. */
export class RepositoryUnavailable extends Error {
  override name = 'RepositoryUnavailable';
}

const limits = { maxBuffer: 64 * 1024 * 1024, timeout: 120_000 };

/**
 * Runs git without a shell, prompts, hooks, submodules or LFS. `protocols` is GIT_ALLOW_PROTOCOL: tenants get https and ssh, only the
 * administrator's configuration adds `file`.
 */
async function git(directory: string, args: string[], protocols: string): Promise<string> {
  return (await gitBytes({ directory, protocols }, args)).toString('utf8');
}

/** The same with bytes as they are, and what git reads from standard input. */
export async function gitBytes(
  { directory, protocols }: Pick<Mirror, 'directory' | 'protocols'>,
  args: string[],
  input = '',
): Promise<Buffer> {
  const env = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: directory,
    GIT_ALLOW_PROTOCOL: protocols,
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_LFS_SKIP_SMUDGE: '1',
  };
  try {
    const running = execute('git', ['-c', 'core.hooksPath=/dev/null', '-C', directory, ...args], { ...limits, env, encoding: 'buffer' });
    // A git that ends before it has read everything tells why by its exit code.
    running.child.stdin?.on('error', () => undefined);
    running.child.stdin?.end(input);
    return (await running).stdout;
  } catch (cause) {
    const text = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : String(cause);
    throw new RepositoryUnavailable(`git ${args[0] ?? ''}: ${reasonIn(text)}`, { cause });
  }
}

/** The line in which git says what is wrong: advice may stand behind it. */
function reasonIn(text: string): string {
  const lines = text.trim().split('\n');
  return lines.find((line) => /^(fatal|error): /.test(line)) ?? lines.at(-1) ?? 'failed';
}

/** A bare copy of one remote branch, refreshed by `fetch`. */
export interface Mirror {
  directory: string;
  repository: string;
  branch: string;
  protocols: string;
}

export async function openMirror(mirror: Mirror): Promise<Mirror> {
  if (mirror.repository.startsWith('-') || mirror.branch.startsWith('-'))
    throw new RepositoryUnavailable('a repository or branch may not begin with "-"');
  if (existsSync(join(mirror.directory, 'HEAD'))) return mirror;
  await mkdir(mirror.directory, { recursive: true });
  await git(mirror.directory, ['init', '--quiet', '--bare'], mirror.protocols);
  return mirror;
}

/** Fetches the branch and returns its commit, or undefined when the branch is gone. */
export async function fetchHead(mirror: Mirror): Promise<string | undefined> {
  const { directory, repository, branch, protocols } = mirror;
  // Nobody else uses the copy: a lock is that of a git that was killed.
  for (const lock of ['refs/heads/watched.lock', 'packed-refs.lock']) await rm(join(directory, lock), { force: true });
  const refs = `+refs/heads/${branch}:refs/heads/watched`;
  try {
    await git(directory, ['fetch', '--quiet', '--no-tags', '--force', repository, refs], protocols);
  } catch (error) {
    // Git has no code for it: whether the branch or the repository is gone, the list of branches tells.
    const listed = await git(directory, ['ls-remote', '--heads', repository, `refs/heads/${branch}`], protocols);
    if (listed === '') return undefined;
    throw error;
  }
  return (await git(directory, ['rev-parse', 'refs/heads/watched'], protocols)).trim();
}

export interface FileChange {
  path: string;
  change: 'added' | 'updated' | 'deleted';
  previousPath?: string;
}

const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** What differs between two commits that the copy holds; `from` absent: everything of `to`. */
export async function changesBetween(mirror: Mirror, from: string | undefined, to: string): Promise<FileChange[]> {
  const output = await git(mirror.directory, ['diff-tree', '-r', '-z', '-M', '--name-status', from ?? emptyTree, to], mirror.protocols);
  return parseNameStatus(output);
}

/** Whether the copy holds a commit. */
export async function isKnown(mirror: Mirror, commit: string): Promise<boolean> {
  return git(mirror.directory, ['cat-file', '-e', `${commit}^{commit}`], mirror.protocols).then(
    () => true,
    () => false,
  );
}

/** Parses `git diff-tree -z --name-status`: status NUL path NUL, for renames status NUL old NUL new NUL. */
export function parseNameStatus(output: string): FileChange[] {
  const fields = output.split('\0').filter((field) => field !== '');
  const changes: FileChange[] = [];
  for (let at = 0; at < fields.length;) {
    const status = fields[at]?.charAt(0);
    const first = fields[at + 1];
    if (first === undefined) break;
    if (status === 'R' || status === 'C') {
      const path = fields[at + 2];
      if (path !== undefined) changes.push(status === 'R' ? { path, change: 'updated', previousPath: first } : { path, change: 'added' });
      at += 3;
    } else {
      changes.push({ path: first, change: status === 'A' ? 'added' : status === 'D' ? 'deleted' : 'updated' });
      at += 2;
    }
  }
  return changes;
}
