import { describeValue, isRaw, type Raw } from './raw.ts';
import { at, join, shortName, type Scope } from './scope.ts';

/** One member of a list or map of identified things, as a map in both cases. */
export interface Entry {
  name: string;
  raw: Raw;
  path: string;
}

/**
 * Reads what may be a list of maps with `key` or a map from it (salad `mapSubject`). In a map a value that is not itself a map stands for the
 * field `predicate`: `message: string` for `message: {type: string}`.
 */
export function readEntries(scope: Scope, owner: Raw, field: string, path: string, key: string, predicate?: string): Entry[] {
  const value = owner[field];
  const inside = join(path, field);
  if (Array.isArray(value)) {
    return (value as unknown[]).flatMap((item, index) => {
      const place = join(inside, `[${index}]`);
      if (!isRaw(item)) {
        scope.report.error(place, at(scope, value, String(index)), `expected a map with "${key}", found ${describeValue(item)}`);
        return [];
      }
      const name = item[key];
      if (typeof name !== 'string' || shortName(name) === '') {
        scope.report.error(place, at(scope, item, key), `expected a text as "${key}", found ${describeValue(name)}`);
        return [];
      }
      return [{ name: shortName(name), raw: item, path: join(inside, shortName(name)) }];
    });
  }
  if (!isRaw(value)) return [];
  return Object.entries(value).flatMap(([id, item]) => {
    const entry = (raw: Raw): Entry[] => [{ name: shortName(id), raw, path: join(inside, shortName(id)) }];
    if (isRaw(item)) return entry(item);
    if (predicate !== undefined && item !== null) return entry(scope.sources.place({ [predicate]: item }, value, id));
    if (item === null && predicate !== 'type') return entry(scope.sources.place({}, value, id));
    const expected = predicate === undefined ? 'a map' : `a map or a value for "${predicate}"`;
    scope.report.error(join(inside, id), at(scope, value, id), `expected ${expected}, found ${describeValue(item)}`);
    return [];
  });
}
