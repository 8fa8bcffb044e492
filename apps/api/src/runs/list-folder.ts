import { listedPrefix } from '@runnel/cwl';
import type { Json } from '@runnel/cwl';
import type { ObjectStore } from '@runnel/objects';
import { scheme } from './addresses.ts';

/** Files that one Directory input may hold. */
const mostFiles = 10_000;

type Folder = Map<string, Folder | { key: string; size: number }>;

/** A folder's files as nested listings; a text says why it cannot be one. */
export async function listFolder(objects: ObjectStore, key: string): Promise<Json[] | string> {
  const root: Folder = new Map();
  let count = 0;
  for await (const info of objects.list(`${key}/`)) {
    count += 1;
    if (count > mostFiles) return `it holds more than ${mostFiles} files`;
    const segments = info.key.slice(key.length + 1).split('/');
    const name = segments.pop() ?? '';
    folderAt(root, segments).set(name, { key: info.key, size: info.size });
  }
  return count === 0 ? 'there is no such folder' : listingOf(root, key);
}

function folderAt(root: Folder, segments: readonly string[]): Folder {
  let folder = root;
  for (const segment of segments) {
    const found = folder.get(segment);
    const next: Folder = found instanceof Map ? found : new Map<string, Folder>();
    if (next !== found) folder.set(segment, next);
    folder = next;
  }
  return folder;
}

function listingOf(folder: Folder, key: string): Json[] {
  return [...folder].map(([basename, entry]) =>
    entry instanceof Map
      ? { class: 'Directory', location: `${listedPrefix}${key}/${basename}`, basename, listing: listingOf(entry, `${key}/${basename}`) }
      : { class: 'File', basename, location: scheme + entry.key, size: entry.size },
  );
}
