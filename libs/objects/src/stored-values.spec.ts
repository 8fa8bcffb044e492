import { describe, expect, it } from '@jest/globals';
import { ObjectNotFound } from './errors.ts';
import type { ObjectStore } from './store.ts';
import { storedValues } from './stored-values.ts';

const MiB = 1024 * 1024;

/** A store of which it is known how often each key was read. */
function counted(values: Record<string, unknown>): { store: ObjectStore; reads: string[] } {
  const reads: string[] = [];
  const getBytes = async (key: string): Promise<Buffer> => {
    reads.push(key);
    await Promise.resolve();
    if (!(key in values)) throw new ObjectNotFound(key);
    return Buffer.from(JSON.stringify(values[key]));
  };
  return { store: { getBytes } as unknown as ObjectStore, reads };
}

describe('stored values', () => {
  it('are read once, also by many at once', async () => {
    const { store, reads } = counted({ 'ws/a': [1, 2], 'ws/b': 'b' });
    const read = storedValues<unknown>(store);
    const [first, second] = await Promise.all([read('ws/a'), read('ws/a')]);
    expect(first).toEqual([1, 2]);
    expect(second).toBe(first);
    expect([await read('ws/b'), await read('ws/a')]).toEqual(['b', [1, 2]]);
    expect(reads).toEqual(['ws/a', 'ws/b']);
  });

  it('are forgotten where there is no room, those first that nobody asked for lately', async () => {
    const large = 'x'.repeat(30 * MiB);
    const { store, reads } = counted({ 'ws/a': large, 'ws/b': large, 'ws/c': large, 'ws/huge': 'x'.repeat(70 * MiB) });
    const read = storedValues<unknown>(store);
    for (const key of ['ws/a', 'ws/b', 'ws/a', 'ws/c', 'ws/a', 'ws/b']) await read(key);
    expect(reads).toEqual(['ws/a', 'ws/b', 'ws/c', 'ws/b']);
    for (const key of ['ws/huge', 'ws/huge', 'ws/b']) await read(key);
    expect(reads.slice(4)).toEqual(['ws/huge', 'ws/b']);
  });

  it('are asked for again after a fault', async () => {
    const values: Record<string, unknown> = {};
    const { store } = counted(values);
    const read = storedValues<unknown>(store);
    await expect(read('ws/a')).rejects.toThrow(ObjectNotFound);
    values['ws/a'] = 1;
    expect(await read('ws/a')).toBe(1);
  });
});
