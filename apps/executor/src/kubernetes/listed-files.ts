import { compareCodePoints, type OutputEntry, type ToolFiles } from '@runnel/cwl';
import { places, type CollectRequest, type StageEntry } from '@runnel/kube-pod';
import type { ObjectStore } from '@runnel/objects';
import { readStart } from '../steps/object-files.ts';

/** What the uploader has to say before the outputs can be told; paths relative to the output folder. */
export class NeedsContents extends Error {
  override readonly name = 'NeedsContents';
  constructor(
    readonly path: string,
    readonly maxBytes: number,
  ) {
    super(`the contents of ${path} are needed`);
  }
}

export class NeedsUpload extends Error {
  override readonly name = 'NeedsUpload';
  constructor(readonly paths: string[]) {
    super(`${paths.length} files are needed in the store`);
  }
}

/** Where a path ends when links are followed: below the output folder, or at a staged object. */
export type FileEnd = { listed: string } | { key: string };

export interface ListedFiles extends ToolFiles {
  /** The regular file that a path of the tool leads to. */
  end(path: string): FileEnd | undefined;
  /** What lies in a directory of the output folder: links count as what they lead to. */
  below(path: string): { name: string; type: 'file' | 'directory'; path: string }[];
}

/** Largest cwl.output.json, and the like. */
const mostBytes = 32 * 1024 * 1024;
const mostLinks = 40;

/** A tool's files as its uploader listed them; what it read by links to its inputs stands in the object store. */
export function listedFiles(
  { listing, contents, uploaded }: Pick<CollectRequest, 'listing' | 'contents' | 'uploaded'>,
  { outdir, entries, store }: { outdir: string; entries: readonly StageEntry[]; store: ObjectStore },
): ListedFiles {
  const known = new Map<string, OutputEntry>();
  const keys = new Map<string, string>();
  for (const entry of entries) if (entry.target.startsWith(`${places.inputs}/`)) addStaged(entry, known, keys);
  for (const { path, type, size, target } of listing)
    known.set(`${outdir}/${path}`, {
      path: `${outdir}/${path}`,
      type,
      size,
      ...(target !== undefined && { target: inTool(target, outdir) }),
    });
  const relative = (path: string): string | undefined => (path.startsWith(`${outdir}/`) ? path.slice(outdir.length + 1) : undefined);

  const resolve = (path: string, links = 0): OutputEntry | undefined => {
    const entry = known.get(resolveFolders(path, known));
    return entry?.type === 'symlink' && links < mostLinks ? resolve(absolute(entry.target ?? '', entry.path), links + 1) : entry;
  };
  const end = (path: string): FileEnd | undefined => {
    const entry = resolve(path);
    if (entry?.type !== 'file') return undefined;
    const listed = relative(entry.path);
    const key = keys.get(entry.path);
    return listed !== undefined ? { listed } : key !== undefined ? { key } : undefined;
  };
  return {
    end,
    async list(directory) {
      const inside = [...known.values()].filter(({ path }) => path.startsWith(`${directory.replace(/\/+$/, '')}/`));
      return inside.sort((a, b) => compareCodePoints(a.path, b.path));
    },
    stat: async (path) => known.get(path),
    async readText(path, limit) {
      const found = end(path);
      if (found === undefined) return '';
      if ('key' in found) return readStart(store, found.key, Math.min(limit, mostBytes));
      const size = known.get(`${outdir}/${found.listed}`)?.size ?? 0;
      const wanted = Math.min(limit, size, mostBytes);
      const text = contents[found.listed];
      const bytes = text === undefined ? undefined : Buffer.from(text, 'base64');
      if (bytes === undefined || bytes.length < wanted) throw new NeedsContents(found.listed, wanted);
      return bytes.subarray(0, wanted).toString('utf8');
    },
    async checksum(path) {
      const found = end(path);
      if (found === undefined || !('listed' in found)) throw new Error(`${path} is no file that the tool left`);
      const kept = uploaded[found.listed];
      if (kept === undefined) throw new NeedsUpload([found.listed]);
      return `sha1$${kept.sha1}`;
    },
    below(path) {
      const folder = resolve(path)?.path ?? path;
      const names = [...known.keys()]
        .filter((inside) => inside.startsWith(`${folder}/`) && !inside.slice(folder.length + 1).includes('/'))
        .sort(compareCodePoints);
      return names.flatMap((inside) => {
        const type = resolve(inside)?.type;
        return type === 'file' || type === 'directory' ? [{ name: inside.slice(folder.length + 1), type, path: inside }] : [];
      });
    },
  };
}

/** Objects and folders that were staged, with the folders above them. */
function addStaged(entry: StageEntry, known: Map<string, OutputEntry>, keys: Map<string, string>): void {
  const { target } = entry;
  const type = entry.kind === 'directory' ? 'directory' : 'file';
  const size = entry.kind === 'object' ? (entry.size ?? 0) : entry.kind === 'literal' ? Buffer.byteLength(entry.contents) : 0;
  known.set(target, { path: target, type, size });
  for (let above = target; (above = above.slice(0, above.lastIndexOf('/'))).startsWith(`${places.inputs}/`);)
    if (!known.has(above)) known.set(above, { path: above, type: 'directory', size: 0 });
  if (entry.kind === 'object') keys.set(target, entry.key);
  const source = entry.kind === 'hardlink' || entry.kind === 'symlink' ? keys.get(entry.to) : undefined;
  if (source !== undefined) keys.set(target, source);
}

/** Our containers and the tool may see the output folder at different paths. */
const inTool = (target: string, outdir: string): string =>
  target.startsWith(`${places.work}/`) ? outdir + target.slice(places.work.length) : target;

/** A path whose folders are no links any more. */
function resolveFolders(path: string, known: ReadonlyMap<string, OutputEntry>, links = 0): string {
  const segments = path.split('/');
  for (let depth = 2; depth < segments.length; depth += 1) {
    const folder = segments.slice(0, depth).join('/');
    const entry = known.get(folder);
    if (entry?.type === 'symlink' && links < mostLinks) {
      const rest = segments.slice(depth).join('/');
      return resolveFolders(`${absolute(entry.target ?? '', folder)}/${rest}`, known, links + 1);
    }
  }
  return path;
}

/** A link's target, without `.` and `..`. */
function absolute(target: string, link: string): string {
  const from = target.startsWith('/') ? target : `${link.slice(0, link.lastIndexOf('/'))}/${target}`;
  const kept: string[] = [];
  for (const segment of from.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}`;
}
