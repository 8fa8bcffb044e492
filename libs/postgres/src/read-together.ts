import type { Pool } from 'pg';

interface Wanted<Key, Row> {
  key: Key;
  resolve: (row: Row | undefined) => void;
  reject: (error: unknown) => void;
}

/** So many at most in one statement. */
const most = 500;

/**
 * Looks up rows by key. Keys that are asked for in the same turn of the event loop, as by many clients that poll, travel in one statement: sending
 * one costs more than finding another row. `read` answers in the order of its keys; its fault is everybody's who asked.
 */
export function readTogether<Key, Row>(
  read: (pool: Pool, keys: readonly Key[]) => Promise<readonly (Row | undefined)[]>,
): (pool: Pool, key: Key) => Promise<Row | undefined> {
  const waiting = new WeakMap<Pool, Wanted<Key, Row>[]>();
  const send = (pool: Pool): void => {
    const all = waiting.get(pool) ?? [];
    waiting.delete(pool);
    for (let from = 0; from < all.length; from += most) {
      const some = all.slice(from, from + most);
      read(
        pool,
        some.map(({ key }) => key),
      ).then(
        (rows) => some.forEach(({ resolve }, index) => resolve(rows[index])),
        (error: unknown) => some.forEach(({ reject }) => reject(error)),
      );
    }
  };
  return (pool, key) =>
    new Promise((resolve, reject) => {
      const others = waiting.get(pool);
      const wanted = { key, resolve, reject };
      if (others) return void others.push(wanted);
      waiting.set(pool, [wanted]);
      setImmediate(send, pool);
    });
}
