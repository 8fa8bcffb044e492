import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openObjectStore, type ObjectStore } from '@runnel/objects';
import { backUpObjects } from './back-up-objects.ts';
import { bringObjects, verifyObjects } from './bring-objects.ts';
import { checkContent } from './check-content.ts';
import { namedList, packFile, packFolder, type Manifest } from './manifest.ts';
import { isUnfinished, withUnfinishedStore } from './unfinished-store.ts';

let folder: string;
let store: ObjectStore;
let other: ObjectStore;
const backup = (): string => join(folder, 'backup');
const uriOf = (name: string): string => pathToFileURL(join(folder, name, '/')).href;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runnel-objects-'));
  store = await openObjectStore(uriOf('store'), { fsync: false });
  other = await openObjectStore(uriOf('other'), { fsync: false });
  mkdirSync(backup());
});
afterEach(() => rmSync(folder, { recursive: true }));

/** `named`: keys that the rows name. */
async function take(named: string[] = [], content = true): Promise<Manifest> {
  writeFileSync(join(backup(), namedList), gzipSync(named.map((key) => `${key}\n`).join('')));
  const { objects } = await backUpObjects(store, backup(), content);
  return { objects: { store: store.uri, content, ...objects } } as Manifest;
}

const contentOf = async (from: ObjectStore, key: string): Promise<string> => text((await from.get(key)).body);

describe('the objects of a backup', () => {
  it('come back with their bytes and their types, small, empty and large ones', async () => {
    const large = randomBytes(700_000).toString('latin1');
    await store.put('w/empty', '');
    await store.put('w/large.bin', Readable.from([Buffer.from(large)]));
    await store.put('w/small.txt', 'small', { contentType: 'image/tiff' });
    const manifest = await take(['w/gone', 'w/small.txt']);
    expect(manifest.objects).toMatchObject({ count: 3, missing: 1, missingKeys: ['w/gone'] });
    expect(await checkContent(backup(), manifest)).toMatchObject({ objects: 3, missing: [], changed: [] });
    expect(await bringObjects(other, backup(), manifest, false)).toBe(3);
    expect(await verifyObjects(other, backup())).toMatchObject({ objects: 3, missing: [], changed: [] });
    expect(await contentOf(other, 'w/large.bin')).toBe(large);
    expect(await other.head('w/small.txt')).toMatchObject({ size: 5, contentType: 'image/tiff' });
    expect(await contentOf(other, 'w/empty')).toBe('');
  });

  it('fill one pack after the other', async () => {
    const body = randomBytes(256 * 1024);
    for (let n = 0; n < 300; n += 1) await store.put(`w/${n}`, n === 299 ? 'the last in its order' : body);
    const manifest = await take();
    expect(readdirSync(join(backup(), packFolder))).toEqual(['000001', '000002']);
    expect(await checkContent(backup(), manifest)).toMatchObject({ objects: 300, changed: [] });
  });

  it('are told by name where a pack is cut short or gone', async () => {
    await store.put('w/a', 'aaaa');
    await store.put('w/b', 'bbbb');
    const manifest = await take();
    truncateSync(join(backup(), packFile(1)), 6);
    expect(await checkContent(backup(), manifest)).toMatchObject({ missing: [], changed: ['w/b'] });
    await expect(bringObjects(other, backup(), manifest, false)).rejects.toMatchObject({ name: 'ChecksumMismatch' });
    rmSync(join(backup(), packFile(1)));
    expect(await checkContent(backup(), manifest)).toMatchObject({ objects: 0, missing: ['w/a', 'w/b'] });
  });

  it('are verified in a store: what is not there, what is another, what has grown', async () => {
    for (const key of ['w/gone', 'w/grown', 'w/other', 'w/same']) await store.put(key, 'before');
    const manifest = await take([], false);
    expect(existsSync(join(backup(), packFolder))).toBe(false);
    await store.delete('w/gone');
    await store.put('w/other', 'behind');
    await store.put('w/grown', 'x'.repeat(700_000));
    const { changed, ...found } = await verifyObjects(store, backup());
    expect({ ...found, changed: changed.sort() }).toEqual({
      ...{ objects: 3, bytes: 700_012, missing: ['w/gone'], changed: ['w/grown', 'w/other'] },
    });
    await expect(bringObjects(store, backup(), manifest, true)).rejects.toThrow('lacks 1 of the 4 objects');
  });
});

describe('a store that is being filled', () => {
  it('is marked until all is on the disk, also where that is broken off', async () => {
    await expect(withUnfinishedStore(other.uri, () => Promise.reject(new Error('broken off')))).rejects.toThrow('broken off');
    expect(isUnfinished(other.uri)).toBe(true);
    // A power failure after which the object is empty: it is brought again.
    await store.put('w/a', 'aaaa');
    await other.put('w/a', '');
    const manifest = await take();
    await withUnfinishedStore(other.uri, () => bringObjects(other, backup(), manifest, false));
    expect([isUnfinished(other.uri), await contentOf(other, 'w/a')]).toEqual([false, 'aaaa']);
  });

  it('keeps what it has where it is asked to', async () => {
    await store.put('w/a', 'aaaa');
    await store.put('w/b', 'bbbb');
    const manifest = await take();
    await other.put('w/a', 'newer');
    expect(await bringObjects(other, backup(), manifest, true)).toBe(1);
    expect([await contentOf(other, 'w/a'), await contentOf(other, 'w/b')]).toEqual(['newer', 'bbbb']);
  });
});
