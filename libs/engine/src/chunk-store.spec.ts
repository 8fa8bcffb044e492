import { describe, expect, it } from '@jest/globals';
import { createChunkStore } from './chunk-store.ts';

const chunk = (key: string): { out: string }[] => [{ out: key }];

describe('chunks of a run in one process', () => {
  it('are read as they were kept, however many there are', () => {
    const store = createChunkStore();
    const keys = Array.from({ length: 12 }, (_, index) => `chunk/${index}`);
    for (const key of keys) store.keep(key, chunk(key));
    for (const key of [...keys, ...keys]) expect(store.read(key)).toEqual(chunk(key));
  });

  it('are not read again while a scatter goes over the same few', () => {
    const store = createChunkStore();
    for (const key of ['a', 'b', 'c', 'd', 'e']) store.keep(key, chunk(key));
    const first = store.read('a');
    for (const key of ['b', 'c', 'd']) store.read(key);
    expect(store.read('a')).toBe(first);
    for (const key of ['b', 'c', 'd', 'e']) store.read(key);
    expect(store.read('a')).not.toBe(first);
  });

  it('are not there under another key', () => {
    expect(() => createChunkStore().read('a')).toThrow('there is no object a');
  });
});
