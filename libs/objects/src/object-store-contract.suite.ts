import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  ChecksumMismatch,
  InvalidKey,
  ObjectNotFound,
  ObjectTooLarge,
  PreconditionFailed,
  putValue,
  RangeNotSatisfiable,
  readValue,
  type ObjectInfo,
  type ObjectStore,
} from './index.ts';

/** What every adapter of ObjectStore must do; `open` gives the same store each time, empty at first. */
export function describeObjectStore(name: string, open: () => Promise<ObjectStore>): void {
  describe(`object store: ${name}`, () => {
    let store: ObjectStore;
    let local: string;
    const text = async (key: string) => (await store.getBytes(key, 1_000_000)).toString();
    const listed = async (prefix: string) => {
      const all: ObjectInfo[] = [];
      for await (const info of store.list(prefix)) all.push(info);
      return all;
    };
    const keys = async (prefix: string) => (await listed(prefix)).map((info) => info.key);
    const sha256 = (body: string) => createHash('sha256').update(body).digest('hex');

    beforeAll(async () => {
      store = await open();
      local = await mkdtemp(join(tmpdir(), 'objects-contract-'));
    });
    afterEach(async () => {
      for await (const { key } of store.list('')) await store.delete(key);
    });
    afterAll(() => rm(local, { recursive: true, force: true }));

    it('keeps what is put', async () => {
      const put = await store.put('ws/files/a.json', '{"a":1}');
      expect(put).toMatchObject({ key: 'ws/files/a.json', size: 7, contentType: 'application/json' });
      expect(put.etag).toMatch(/^"[^"]+"$/);
      const { info, body } = await store.get('ws/files/a.json');
      expect(info).toEqual(put);
      expect((await buffer(body)).toString()).toBe('{"a":1}');
      expect(await store.head('ws/files/a.json')).toEqual(put);
      expect(Math.abs(put.modifiedAt.getTime() - Date.now())).toBeLessThan(60_000);
    });

    it('keeps bytes, text, streams and nothing at all', async () => {
      await store.put('ws/bytes', Buffer.from([0, 255, 10]));
      expect([...(await store.getBytes('ws/bytes', 10))]).toEqual([0, 255, 10]);
      const large = Buffer.alloc(3_000_000, 'abcdefg');
      await store.put('ws/large', Readable.from([large.subarray(0, 1_000_001), large.subarray(1_000_001)]));
      expect((await store.getBytes('ws/large', 4_000_000)).equals(large)).toBe(true);
      expect(await store.put('ws/empty', '')).toMatchObject({ size: 0 });
      expect((await buffer((await store.get('ws/empty')).body)).length).toBe(0);
    });

    it('keeps the media type that was given, also through a copy, and no longer than its object', async () => {
      await store.put('ws/x.bin', 'a', { contentType: 'text/x-special' });
      await store.copy('ws/x.bin', 'ws/y.bin');
      expect((await store.head('ws/x.bin'))?.contentType).toBe('text/x-special');
      expect((await store.head('ws/y.bin'))?.contentType).toBe('text/x-special');
      await store.put('ws/x.bin', 'b', { contentType: 'application/octet-stream' });
      expect((await store.head('ws/x.bin'))?.contentType).toBe('application/octet-stream');
    });

    it('says that an object is not there', async () => {
      expect(await store.head('ws/none')).toBeUndefined();
      await expect(store.get('ws/none')).rejects.toThrow(ObjectNotFound);
      await expect(store.getBytes('ws/none', 1)).rejects.toThrow(ObjectNotFound);
      await expect(store.copy('ws/none', 'ws/other')).rejects.toThrow(ObjectNotFound);
      await expect(store.materialize('ws/none', join(local, 'none'))).rejects.toThrow(ObjectNotFound);
      await store.put('ws/some/deep/object', 'x');
      expect(await store.head('ws/some/deep')).toBeUndefined();
      await expect(store.get('ws/some')).rejects.toThrow(ObjectNotFound);
      expect(await store.head('ws/some/deep/object/below')).toBeUndefined();
    });

    it.each([
      '',
      '/ws/a',
      'ws//a',
      'ws/a/',
      'ws/../etc/passwd',
      'ws/./a',
      '..',
      'ws/a\0b',
      'ws/a\nb',
      'ws/\u007f',
      '.tmp/a',
      `ws/${'x'.repeat(256)}`,
      'ws/\ud800',
      `ws/${'abc/'.repeat(300)}x`,
    ])('refuses the key %j', async (key) => {
      await expect(store.put(key, 'x')).rejects.toThrow(InvalidKey);
      await expect(store.get(key)).rejects.toThrow(InvalidKey);
      await expect(store.delete(key)).rejects.toThrow(InvalidKey);
      await expect(store.copy('ws/a', key)).rejects.toThrow(InvalidKey);
    });

    it.each(['ws/a b', 'ws/ü/日本', 'ws/tile[3]/1', 'ws/.hidden', 'ws/%2e%2e', 'ws/a\\b', 'ws/*', 'ws/...'])(
      'takes the key %j',
      async (key) => {
        await store.put(key, key);
        expect(await text(key)).toBe(key);
        expect(await keys('ws/')).toEqual([key]);
      },
    );

    it('gives ranges', async () => {
      await store.put('ws/digits', '0123456789');
      const range = async (start: number, end?: number) =>
        (await buffer((await store.get('ws/digits', end === undefined ? { start } : { start, end })).body)).toString();
      expect(await range(0, 0)).toBe('0');
      expect(await range(3, 5)).toBe('345');
      expect(await range(7)).toBe('789');
      expect(await range(7, 99)).toBe('789');
      const part = await store.get('ws/digits', { start: 3, end: 5 });
      expect(part.info.size).toBe(10);
      part.body.destroy();
      await expect(range(10)).rejects.toThrow(RangeNotSatisfiable);
      await store.put('ws/empty', '');
      await expect(store.get('ws/empty', { start: 0 })).rejects.toThrow(RangeNotSatisfiable);
    });

    it('refuses more than it may read or write', async () => {
      await store.put('ws/a', 'old');
      await expect(store.put('ws/a', Readable.from(['123', '456']), { maxBytes: 5 })).rejects.toThrow(ObjectTooLarge);
      await expect(store.put('ws/b', '123456', { maxBytes: 5 })).rejects.toThrow(ObjectTooLarge);
      await expect(store.getBytes('ws/a', 2)).rejects.toThrow(ObjectTooLarge);
      expect(await text('ws/a')).toBe('old');
      expect(await keys('')).toEqual(['ws/a']);
    });

    it('stores a body with the announced checksum only', async () => {
      await store.put('ws/a', Readable.from(['ab', 'c']), { sha256: sha256('abc') });
      await expect(store.put('ws/a', 'abd', { sha256: sha256('abc') })).rejects.toThrow(ChecksumMismatch);
      await expect(store.put('ws/b', 'abd', { sha256: sha256('abc') })).rejects.toThrow(ChecksumMismatch);
      expect(await text('ws/a')).toBe('abc');
      expect(await store.head('ws/b')).toBeUndefined();
    });

    it('stores nothing of a body that breaks off', async () => {
      await store.put('ws/a', 'old');
      const broken = Readable.from(
        (function* () {
          yield 'new';
          throw new Error('the client went away');
        })(),
      );
      await expect(store.put('ws/a', broken)).rejects.toThrow('the client went away');
      expect(await text('ws/a')).toBe('old');
    });

    it('has a new etag for each content and the same one for the same object', async () => {
      const etags = new Set<string>();
      for (let turn = 0; turn < 50; turn++) etags.add((await store.put('ws/a', String(turn % 10))).etag);
      expect(etags.size).toBeGreaterThanOrEqual(10);
      const last = (await store.head('ws/a'))?.etag;
      expect(etags.has(last ?? '')).toBe(true);
      const reopened = await open();
      expect((await reopened.head('ws/a'))?.etag).toBe(last);
      await store.materialize('ws/a', join(local, 'linked'));
      await store.copy('ws/a', 'ws/b');
      expect((await store.head('ws/a'))?.etag).toBe(last);
    });

    it('puts under a condition', async () => {
      const first = await store.put('ws/a', '1', { ifNoneMatch: '*' });
      await expect(store.put('ws/a', '2', { ifNoneMatch: '*' })).rejects.toThrow(PreconditionFailed);
      const second = await store.put('ws/a', '2', { ifMatch: first.etag });
      await expect(store.put('ws/a', '3', { ifMatch: first.etag })).rejects.toThrow(PreconditionFailed);
      await expect(store.put('ws/a', '3', { ifMatch: first.etag })).rejects.toMatchObject({ etag: second.etag });
      await store.put('ws/a', '3', { ifMatch: '*' });
      await expect(store.put('ws/b', '1', { ifMatch: '*' })).rejects.toThrow(PreconditionFailed);
      expect(await text('ws/a')).toBe('3');
      expect(await keys('ws/')).toEqual(['ws/a']);
    });

    it('lets one of many conditional writers win', async () => {
      const many = async (condition: { ifNoneMatch: '*' } | { ifMatch: string }) => {
        const ends = await Promise.allSettled(
          Array.from({ length: 20 }, (_, writer) => store.put('ws/a', `${Object.keys(condition).join()} ${writer}`, condition)),
        );
        for (const end of ends) if (end.status === 'rejected') expect(end.reason).toBeInstanceOf(PreconditionFailed);
        return ends.filter((end) => end.status === 'fulfilled');
      };
      const created = await many({ ifNoneMatch: '*' });
      expect(created).toHaveLength(1);
      expect(await many({ ifMatch: created[0]?.value.etag ?? '' })).toHaveLength(1);
    });

    it('lists in C order by prefix', async () => {
      const all = [
        'ws/a',
        'ws/a-b',
        'ws/a.b',
        'ws/ab',
        'ws/a+/x',
        'ws/dir-1',
        'ws/dir/one',
        'ws/dir/two/three',
        'ws/dir0',
        'ws/B',
        'ws/é',
        'ws/\u{10000}',
        'ws/\uffee',
        'wt/a',
      ];
      for (const key of all) await store.put(key, key);
      const sorted = [...all].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
      expect(await keys('')).toEqual(sorted);
      expect(await keys('ws/dir')).toEqual(['ws/dir-1', 'ws/dir/one', 'ws/dir/two/three', 'ws/dir0']);
      expect(await keys('ws/dir/')).toEqual(['ws/dir/one', 'ws/dir/two/three']);
      expect(await keys('ws/dir/t')).toEqual(['ws/dir/two/three']);
      expect(await keys('nobody/')).toEqual([]);
      expect(await keys('ws/a/')).toEqual([]);
      await expect(keys('../')).rejects.toThrow(InvalidKey);
      const [first] = await listed('ws/a');
      expect(first).toMatchObject({ key: 'ws/a', size: 4, etag: (await store.head('ws/a'))?.etag });
    });

    it('copies: the copy outlives and does not follow the original', async () => {
      await store.put('ws/a', 'one');
      await store.copy('ws/a', 'ws/copy/a');
      await store.copy('ws/a', 'ws/copy/a');
      await store.put('ws/a', 'two');
      expect(await text('ws/copy/a')).toBe('one');
      await store.delete('ws/a');
      expect(await text('ws/copy/a')).toBe('one');
      await store.copy('ws/copy/a', 'ws/copy/a');
      expect(await text('ws/copy/a')).toBe('one');
    });

    it('lets writers of a derived key write at the same time', async () => {
      await store.put('demo/objects/source', 'the same');
      const writers = Array.from({ length: 20 }, (_, n) =>
        n % 2 === 0
          ? store.put('demo/derived/new/key', 'the same', { derived: true, durable: false })
          : store.copy('demo/objects/source', 'demo/derived/new/key', { derived: true }),
      );
      for (const info of await Promise.all(writers)) expect(info).toMatchObject({ key: 'demo/derived/new/key', size: 8 });
      expect(await text('demo/derived/new/key')).toBe('the same');
    });

    it('deletes, twice too, and then takes a key below or above', async () => {
      await store.put('ws/a/b', 'x');
      await store.delete('ws/a/b');
      await store.delete('ws/a/b');
      await store.delete('ws/a');
      expect(await store.head('ws/a/b')).toBeUndefined();
      await store.put('ws/a', 'y');
      await store.delete('ws/a');
      await store.put('ws/a/b/c', 'z');
      expect(await keys('')).toEqual(['ws/a/b/c']);
    });

    it('deletes under a condition', async () => {
      const first = await store.put('ws/a', '1');
      const second = await store.put('ws/a', '2');
      await expect(store.delete('ws/a', { ifMatch: first.etag })).rejects.toThrow(PreconditionFailed);
      expect(await text('ws/a')).toBe('2');
      await store.delete('ws/a', { ifMatch: second.etag });
      await store.delete('ws/a', { ifMatch: second.etag });
      expect(await store.head('ws/a')).toBeUndefined();
    });

    it('brings an object to a local path, never writable', async () => {
      await store.put('ws/a', 'content');
      for (const how of [{}, { link: false }]) {
        const path = join(local, `brought-${how.link ?? 'linked'}`);
        await store.materialize('ws/a', path, how);
        expect(await readFile(path, 'utf8')).toBe('content');
        expect((await stat(path)).mode & 0o777).toBe(0o444);
        await expect(store.materialize('ws/a', path, how)).rejects.toThrow('EEXIST');
      }
      await expect(store.materialize('ws/a', join(local, 'no/such/folder'))).rejects.not.toThrow(ObjectNotFound);
      await store.put('ws/a', 'changed');
      expect(await readFile(join(local, 'brought-linked'), 'utf8')).toBe('content');
    });

    it('takes a local file, and with move takes it away', async () => {
      const path = join(local, 'given.png');
      await writeFile(path, 'pixels');
      await chmod(path, 0o644);
      expect(await store.putFile('ws/kept.png', path, { sha256: sha256('pixels') })).toMatchObject({ size: 6, contentType: 'image/png' });
      expect(await readFile(path, 'utf8')).toBe('pixels');
      await expect(store.putFile('ws/kept.png', path, { maxBytes: 5 })).rejects.toThrow(ObjectTooLarge);
      await store.putFile('ws/moved.png', path, { move: true });
      await expect(readFile(path)).rejects.toThrow('ENOENT');
      expect(await text('ws/moved.png')).toBe('pixels');
      await store.materialize('ws/moved.png', join(local, 'moved'));
      expect((await stat(join(local, 'moved'))).mode & 0o777).toBe(0o444);
    });

    it('takes no file through a link, and none that is not there', async () => {
      await symlink('/etc/hostname', join(local, 'link'));
      await expect(store.putFile('ws/a', join(local, 'link'))).rejects.toThrow('cannot store');
      await expect(store.putFile('ws/a', join(local, 'absent'))).rejects.toThrow('cannot store');
      await expect(store.putFile('ws/a', local)).rejects.toThrow('not a regular file');
      expect(await store.head('ws/a')).toBeUndefined();
    });

    it('shows readers the old object or the new one while it is replaced', async () => {
      const versions = Array.from({ length: 30 }, (_, number) => `${number}`.repeat(50_000));
      await store.put('ws/a', versions[0] ?? '');
      let done = false;
      const read = async () => {
        while (!done) expect(versions).toContain(await text('ws/a'));
      };
      const readers = [read(), read()];
      for (const version of versions) await store.put('ws/a', version);
      done = true;
      await Promise.all(readers);
    });

    it('keeps JSON values', async () => {
      await putValue(store, 'ws/values/1', { list: [1, null, 'ü'] });
      expect(await readValue(store, 'ws/values/1', 1000)).toEqual({ list: [1, null, 'ü'] });
      expect((await store.head('ws/values/1'))?.contentType).toBe('application/json');
      await expect(readValue(store, 'ws/values/1', 3)).rejects.toThrow(ObjectTooLarge);
    });

    it('answers a ping', async () => {
      await store.ping();
    });
  });
}
