import { compareCodePoints } from '../expression/json-text.ts';
import { directoryName, isWithin, joinPath } from '../files/names.ts';
import type { OutputEntry, ToolFiles } from '../ports.ts';
import { hasWildcard, matchSegment } from './glob.ts';

/** What a path leads to when links are followed: something in the output directory or in an allowed place, something else, or nothing. */
export type LinkEnd = { entry: OutputEntry } | { outside: string } | { dangling: string };

export interface OutputTree {
  /** Existing paths that a relative pattern matches, sorted in the C locale. */
  glob(pattern: string): Promise<string[]>;
  /** Follows the links on the way and at the end of a path below the output directory; undefined where there is nothing at the path. */
  find(path: string): Promise<LinkEnd | undefined>;
  /** Symbolic links anywhere below a directory of the output directory. */
  linksBelow(directory: string): Promise<OutputEntry[]>;
  follow(link: OutputEntry): Promise<LinkEnd>;
}

const mostLinks = 40;

/**
 * The files below the output directory, listed when a pattern first needs a listing. `allowed` are the places outside of it (staged inputs) where
 * links may lead. Links are followed here, one by one: the file system would follow them anywhere.
 */
export function outputTree(outdir: string, files: ToolFiles, allowed: readonly string[]): OutputTree {
  const listings = new Map<string, Promise<Map<string, OutputEntry[]>>>();
  const directories = new Map<string, Promise<LinkEnd | undefined>>();

  /** One listing for everything below the output directory, one for each staged directory that a pattern goes through. */
  function listingFor(directory: string): Promise<Map<string, OutputEntry[]>> {
    const root = isWithin(directory, outdir) ? outdir : directory;
    const known = listings.get(root) ?? files.list(root).then(byDirectory);
    listings.set(root, known);
    return known;
  }

  async function linksBelow(directory: string): Promise<OutputEntry[]> {
    const links: OutputEntry[] = [];
    for (const [owner, entries] of await listingFor(directory)) {
      if (isWithin(owner, directory)) links.push(...entries.filter((entry) => entry.type === 'symlink'));
    }
    return links;
  }

  /** Remembered, but not while a link is followed: a link through itself would wait for its own answer. */
  function directoryAbove(path: string, links: number): Promise<LinkEnd | undefined> {
    const above = directoryName(path);
    if (links > 0) return find(above, links);
    const known = directories.get(above) ?? find(above);
    directories.set(above, known);
    return known;
  }

  async function find(path: string, links = 0): Promise<LinkEnd | undefined> {
    if (path === outdir) return { entry: { path, type: 'directory', size: 0 } };
    const owner = await directoryAbove(path, links);
    if (owner === undefined || !('entry' in owner)) return owner;
    const entry = owner.entry.type === 'directory' ? await files.stat(joinPath(owner.entry.path, lastName(path))) : undefined;
    return entry === undefined ? undefined : follow(entry, links);
  }

  async function follow(link: OutputEntry, links = 0): Promise<LinkEnd> {
    if (link.type !== 'symlink') return { entry: link };
    const target = link.target === undefined ? undefined : joinPath(directoryName(link.path), link.target);
    if (target === undefined || links > mostLinks) return { dangling: link.path };
    if (isWithin(target, outdir)) return (await find(target, links + 1)) ?? { dangling: target };
    if (!allowed.some((place) => isWithin(target, place))) return { outside: target };
    const next = await files.stat(target);
    return next === undefined ? { dangling: target } : follow(next, links + 1);
  }

  /** `shown` is the path as the pattern has it, `real` the same directory with links followed. */
  async function walk(shown: string, real: string, segments: string[]): Promise<string[]> {
    const [segment, ...rest] = segments;
    if (segment === undefined) return [shown];
    const names = hasWildcard(segment)
      ? ((await listingFor(real)).get(real) ?? []).map((entry) => lastName(entry.path)).filter((name) => matchSegment(segment, name))
      : [segment];
    const found: string[] = [];
    for (const name of names) {
      const entry = await files.stat(joinPath(real, name));
      if (entry === undefined) continue;
      const end = rest.length === 0 ? undefined : await follow(entry);
      if (rest.length === 0) found.push(joinPath(shown, name));
      else if (end !== undefined && 'entry' in end && end.entry.type === 'directory')
        found.push(...(await walk(joinPath(shown, name), end.entry.path, rest)));
    }
    return found;
  }

  return {
    glob: async (pattern) =>
      (
        await walk(
          outdir,
          outdir,
          pattern.split('/').filter((part) => part !== '' && part !== '.'),
        )
      ).sort(compareCodePoints),
    find: (path) => find(path),
    linksBelow,
    follow: (link) => follow(link),
  };
}

function byDirectory(entries: OutputEntry[]): Map<string, OutputEntry[]> {
  const found = new Map<string, OutputEntry[]>();
  for (const entry of entries) {
    const directory = directoryName(entry.path);
    const siblings = found.get(directory);
    if (siblings === undefined) found.set(directory, [entry]);
    else siblings.push(entry);
  }
  return found;
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
