import { isRaw, type Raw } from './raw.ts';
import { decode } from './uri.ts';

/** The first map, outermost first, whose `id` or `name` is `name`, written with or without `#`. */
export function findByName(root: unknown, name: string): Raw | undefined {
  const seen = new Set<unknown>();
  for (let level: unknown[] = [root]; level.length > 0;) {
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null || seen.has(value)) continue;
      seen.add(value);
      if (isRaw(value) && (namesOf(value['id'], name) || namesOf(value['name'], name))) return value;
      for (const item of Object.values(value) as unknown[]) next.push(item);
    }
    level = next;
  }
  return undefined;
}

/** Whether an id as written (`main`, `#main`, `file:///x.cwl#main`) is the one that a fragment names. */
export function namesOf(id: unknown, fragment: string): boolean {
  return typeof id === 'string' && (id === fragment || decode(id.slice(id.lastIndexOf('#') + 1)) === fragment);
}
