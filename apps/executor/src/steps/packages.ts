import type { CwlPackage } from '@runnel/cwl';
import { readValue, type ObjectStore } from '@runnel/objects';

/** A packed document is at most 10 MB as deployed; resolved and indented it may grow. */
const packageBytes = 64 * 1024 * 1024;
const kept = 32;

/** Packages by digest, the last used ones kept: a digest names its content, so nothing ever goes stale. */
export function packageCache(store: ObjectStore): (workspace: string, digest: string) => Promise<CwlPackage> {
  const cache = new Map<string, Promise<CwlPackage>>();
  return (workspace, digest) => {
    const key = `${workspace}/packages/${digest}.json`;
    const found = cache.get(key);
    const loading = found ?? (readValue(store, key, packageBytes) as Promise<CwlPackage>);
    cache.delete(key);
    cache.set(key, loading);
    // A failed read is not kept: the next attempt asks the store again.
    if (found === undefined) loading.catch(() => cache.delete(key));
    const oldest = cache.keys().next().value;
    if (cache.size > kept && oldest !== undefined) cache.delete(oldest);
    return loading;
  };
}
