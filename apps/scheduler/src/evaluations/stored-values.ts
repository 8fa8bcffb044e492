import type { Json } from '@runnel/cwl';
import { readValue } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
import { LeastRecentlyUsed } from '../least-recently-used.ts';

/** Bytes of one stored value. */
const largest = 256 * 1024 * 1024;
/** Values kept: elements of one chunk are asked for one after the other. */
const kept = 16;

/** Reads stored values; they never change. */
export function storedValues(objects: ObjectStore): (key: string) => Promise<Json> {
  const cache = new LeastRecentlyUsed<string, Promise<Json>>(kept);
  return (key) => {
    const present = cache.get(key);
    if (present) return present;
    const reading = readValue(objects, key, largest) as Promise<Json>;
    cache.set(key, reading);
    reading.catch(() => cache.delete(key));
    return reading;
  };
}
