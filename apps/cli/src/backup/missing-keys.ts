import type { ObjectInfo } from '@runnel/objects';

/** Missing keys that the manifest names. */
const mostNamed = 100;

/** What rows name and no object stands at. */
export interface MissingKeys {
  /** Lets the objects through, which come in the order of their keys, and finds what is not among them. */
  pass(objects: AsyncIterable<ObjectInfo>): AsyncGenerator<ObjectInfo>;
  count(): number;
  /** The first ones. */
  keys(): string[];
}

/** `named`: the keys that the rows name, sorted like the store's. */
export function findMissing(named: AsyncIterator<string>): MissingKeys {
  const keys: string[] = [];
  let count = 0;
  const miss = (key: string): void => {
    count += 1;
    if (keys.length < mostNamed) keys.push(key);
  };
  async function* pass(objects: AsyncIterable<ObjectInfo>): AsyncGenerator<ObjectInfo> {
    let next = await named.next();
    for await (const info of objects) {
      while (next.done !== true && compareKeys(next.value, info.key) < 0) {
        miss(next.value);
        next = await named.next();
      }
      if (next.done !== true && next.value === info.key) next = await named.next();
      yield info;
    }
    for (; next.done !== true; next = await named.next()) miss(next.value);
  }
  return { pass, count: () => count, keys: () => keys };
}

/** C-locale order: by their bytes. */
const compareKeys = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
