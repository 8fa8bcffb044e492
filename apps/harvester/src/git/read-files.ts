import { gitBytes } from './git.ts';
import type { Mirror } from './git.ts';

/** An entry of a commit's tree. */
export interface TreeFile {
  readonly mode: string;
  readonly object: string;
  /** Bytes; 0 for what is no file. */
  readonly size: number;
}

/** Files of a commit by path, read at once: all, or those of some paths. */
export async function listTree(mirror: Mirror, commit: string, paths?: readonly string[]): Promise<Map<string, TreeFile>> {
  if (paths?.length === 0) return new Map();
  const listed = (await gitBytes(mirror, ['ls-tree', '-r', '-l', '-z', commit, '--', ...(paths ?? [])])).toString('utf8');
  const entries = listed.split('\0').filter((entry) => entry !== '');
  return new Map(
    entries.map((entry) => {
      const tab = entry.indexOf('\t');
      const [mode = '', , object = '', size = ''] = entry.slice(0, tab).split(/\s+/);
      return [entry.slice(tab + 1), { mode, object, size: Number(size) || 0 }];
    }),
  );
}

/** Why a file is not read: it is no regular file, or too large. */
export function refusalOfFile(file: TreeFile | undefined, maxBytes: number): string | undefined {
  if (file === undefined) return 'it is not in the commit';
  if (file.mode === '120000') return 'it is a symbolic link, which is not followed';
  if (file.mode === '160000') return 'it is a submodule, which is not read';
  if (file.mode !== '100644' && file.mode !== '100755') return 'it is no regular file';
  return file.size > maxBytes ? `it has ${file.size} bytes, the limit is ${maxBytes}` : undefined;
}

/** Contents of blobs, in their order, by one process. */
export async function readBlobs(mirror: Mirror, objects: readonly string[]): Promise<Buffer[]> {
  if (objects.length === 0) return [];
  const output = await gitBytes(mirror, ['cat-file', '--batch'], `${objects.join('\n')}\n`);
  let at = 0;
  return objects.map((object) => {
    const line = output.indexOf('\n', at);
    const size = Number(output.subarray(at, line).toString('latin1').split(' ')[2]);
    if (!Number.isInteger(size)) throw new Error(`git cat-file has no blob ${object}`);
    at = line + 1 + size + 1;
    return output.subarray(line + 1, line + 1 + size);
  });
}
