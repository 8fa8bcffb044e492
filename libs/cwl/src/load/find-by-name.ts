import { isRaw, type Raw } from './raw.ts';
import { decode } from './uri.ts';

/** The maps of a document by the names under which they are referred to. */
export type NameIndex = ReadonlyMap<string, Raw>;

/** Every map with an `id` or `name` inside of `root`; of several with one name the outermost, then the first, is meant. */
export function indexNames(root: unknown): NameIndex {
  const index = new Map<string, Raw>();
  const seen = new Set<unknown>();
  for (let level: unknown[] = [root]; level.length > 0;) {
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null || seen.has(value)) continue;
      seen.add(value);
      if (isRaw(value)) {
        for (const name of [...fragmentsOf(value['id']), ...fragmentsOf(value['name'])]) if (!index.has(name)) index.set(name, value);
      }
      for (const item of Object.values(value) as unknown[]) next.push(item);
    }
    level = next;
  }
  return index;
}

/** The fragments that name an id as written: `main`, `#main` and `file:///x.cwl#main` are all meant by `#main`. */
export function fragmentsOf(id: unknown): string[] {
  return typeof id === 'string' ? [id, decode(id.slice(id.lastIndexOf('#') + 1))] : [];
}
