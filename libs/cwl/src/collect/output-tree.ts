import { compareCodePoints } from '../expression/json-text.ts';
import { directoryName, isWithin, joinPath } from '../files/names.ts';
import type { OutputEntry, ToolFiles } from '../ports.ts';
import { hasWildcard, matchSegment } from './glob.ts';

/** Where a symbolic link ends: inside of the allowed places, outside of them, or nowhere. */
export type LinkEnd = { entry: OutputEntry } | { outside: string } | { dangling: string };

export interface OutputTree {
  /** Existing paths that a relative pattern matches, sorted in the C locale. */
  glob(pattern: string): Promise<string[]>;
  stat(path: string): Promise<OutputEntry | undefined>;
  /** Symbolic links anywhere below a directory of the output directory. */
  linksBelow(directory: string): Promise<OutputEntry[]>;
  /** Follows a chain of links. */
  follow(entry: OutputEntry): Promise<LinkEnd>;
}

const mostLinks = 40;

/**
 * The files below the output directory, listed when a pattern first needs a listing. `allowed` are the places outside of it (staged inputs) where
 * links may lead.
 */
export function outputTree(outdir: string, files: ToolFiles, allowed: readonly string[]): OutputTree {
  const listings = new Map<string, Promise<Map<string, OutputEntry[]>>>();

  /** One listing for everything below the output directory, one for each staged directory that a pattern goes through. */
  function listingFor(directory: string): Promise<Map<string, OutputEntry[]>> {
    const root = isWithin(directory, outdir) ? outdir : directory;
    const known = listings.get(root) ?? files.list(root).then(byDirectory);
    listings.set(root, known);
    return known;
  }

  async function childrenOf(directory: string): Promise<OutputEntry[]> {
    return (await listingFor(directory)).get(directory) ?? [];
  }

  async function linksBelow(directory: string): Promise<OutputEntry[]> {
    const links: OutputEntry[] = [];
    for (const [owner, entries] of await listingFor(directory)) {
      if (isWithin(owner, directory)) links.push(...entries.filter((entry) => entry.type === 'symlink'));
    }
    return links;
  }

  async function follow(entry: OutputEntry): Promise<LinkEnd> {
    let current = entry;
    for (let links = 0; current.type === 'symlink'; links++) {
      const target = current.target === undefined ? undefined : joinPath(directoryName(current.path), current.target);
      if (target === undefined || links > mostLinks) return { dangling: entry.path };
      if (!isWithin(target, outdir) && !allowed.some((place) => isWithin(target, place))) return { outside: target };
      const next = await files.stat(target);
      if (next === undefined) return { dangling: target };
      current = next;
    }
    return { entry: current };
  }

  /** The directory to look into when a pattern goes through this entry. */
  async function enter(entry: OutputEntry): Promise<string | undefined> {
    const end = await follow(entry);
    return 'entry' in end && end.entry.type === 'directory' ? end.entry.path : undefined;
  }

  async function walk(shown: string, real: string, segments: string[]): Promise<string[]> {
    const [segment, ...rest] = segments;
    if (segment === undefined) return [shown];
    const candidates = hasWildcard(segment)
      ? (await childrenOf(real)).filter((entry) => matchSegment(segment, lastName(entry.path)))
      : [await files.stat(joinPath(real, segment))].filter((entry) => entry !== undefined);
    const found: string[] = [];
    for (const entry of candidates) {
      const path = joinPath(shown, hasWildcard(segment) ? lastName(entry.path) : segment);
      const inner = rest.length === 0 ? undefined : await enter(entry);
      if (rest.length === 0) found.push(path);
      else if (inner !== undefined) found.push(...(await walk(path, inner, rest)));
    }
    return found;
  }

  return {
    glob: async (pattern) => (await walk(outdir, outdir, pattern.split('/').filter((part) => part !== '' && part !== '.'))).sort(compareCodePoints),
    stat: (path) => files.stat(path),
    linksBelow,
    follow,
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
