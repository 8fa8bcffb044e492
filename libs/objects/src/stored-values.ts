import type { ObjectStore } from './store.ts';

/** Bytes of one value, and of those that are kept. */
const largest = 256 * 1024 * 1024;
const room = 64 * 1024 * 1024;

interface Kept {
  reading: Promise<unknown>;
  /** Of its text; 0 until it is read. */
  bytes: number;
}

/**
 * Reads stored JSON values by key, as `readValue` does. They never change, and a thousand steps ask for elements of one list: those asked for last
 * are kept as far as there is room, the very last one always. What is read belongs to all who read it: nobody changes it.
 */
export function storedValues<Value>(store: ObjectStore): (key: string) => Promise<Value> {
  const kept = new Map<string, Kept>();
  let bytes = 0;
  const forget = (key: string): void => {
    bytes -= kept.get(key)?.bytes ?? 0;
    kept.delete(key);
  };
  const makeRoom = (): void => {
    for (const key of kept.keys()) {
      if (bytes <= room || kept.size === 1) break;
      forget(key);
    }
  };
  const read = async (key: string): Promise<unknown> => {
    const text = await store.getBytes(key, largest);
    const value = JSON.parse(text.toString('utf8')) as unknown;
    const entry = kept.get(key);
    if (entry) {
      entry.bytes = text.length;
      bytes += text.length;
      makeRoom();
    }
    return value;
  };
  return (key) => {
    const known = kept.get(key);
    const entry = known ?? { reading: read(key), bytes: 0 };
    kept.delete(key);
    kept.set(key, entry);
    if (known === undefined) entry.reading.catch(() => forget(key));
    return entry.reading as Promise<Value>;
  };
}
