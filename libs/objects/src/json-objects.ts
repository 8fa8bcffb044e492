import type { ObjectInfo, ObjectStore, PutOptions } from './store.ts';

/** Stores a JSON value under a key that says what is in it. */
export function putValue(store: ObjectStore, key: string, value: unknown, options: PutOptions = {}): Promise<ObjectInfo> {
  return store.put(key, JSON.stringify(value), { contentType: 'application/json', derived: true, ...options });
}

/** Reads a JSON value; rejects with ObjectNotFound, ObjectTooLarge (over `maxBytes`), or SyntaxError where the object is not JSON. */
export async function readValue(store: ObjectStore, key: string, maxBytes: number): Promise<unknown> {
  const bytes = await store.getBytes(key, maxBytes);
  return JSON.parse(bytes.toString('utf8')) as unknown;
}
