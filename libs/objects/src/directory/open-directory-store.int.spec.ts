import { afterAll, describe, expect, it } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { link, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { InvalidKey, ObjectStoreMisconfigured, ObjectStoreUnavailable, openObjectStore } from '../index.ts';
import { describeObjectStore } from '../object-store-contract.suite.ts';

const run = promisify(execFile);
const base = await mkdtemp(join(tmpdir(), 'objects-directory-'));
const openAt = (folder: string) => openObjectStore(pathToFileURL(join(base, folder, '/')).href, { fsync: false });

/** A file system that is soon full; only root may mount one. */
const small = join(base, 'small');
await mkdir(small);
const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', small]).then(
  () => true,
  () => false,
);
const whenMounted = mounted ? it : it.skip;

afterAll(async () => {
  if (mounted) await run('umount', [small]);
  await rm(base, { recursive: true, force: true });
});

describeObjectStore('directory', () => openAt('contract'));

describe('directory store', () => {
  it('does the same with fsync', async () => {
    const store = await openObjectStore(pathToFileURL(join(base, 'durable')).href);
    await store.put('ws/a/b', 'x');
    await writeFile(join(base, 'given'), 'y');
    await store.putFile('ws/a/c', join(base, 'given'), { move: true });
    expect((await store.getBytes('ws/a/c', 9)).toString()).toBe('y');
    expect(store.uri).toBe(`${pathToFileURL(join(base, 'durable')).href}/`);
  });

  it('refuses a key under or above another one', async () => {
    const store = await openAt('nested');
    await store.put('ws/a', 'x');
    await expect(store.put('ws/a/b', 'y')).rejects.toThrow(InvalidKey);
    await store.put('ws/c/d', 'x');
    await expect(store.put('ws/c', 'y')).rejects.toThrow(InvalidKey);
    await expect(store.put('ws/c', 'y', { ifNoneMatch: '*' })).rejects.toThrow(InvalidKey);
    expect(await readdir(join(base, 'nested/.tmp'))).toEqual([]);
  });

  it('removes what killed writers left, and nothing fresh', async () => {
    await openAt('swept');
    const old = join(base, 'swept/.tmp/old');
    await writeFile(old, 'x');
    await utimes(old, 1_000_000, 1_000_000);
    await writeFile(join(base, 'swept/.tmp/fresh'), 'x');
    await openAt('swept');
    expect(await readdir(join(base, 'swept/.tmp'))).toEqual(['fresh']);
  });

  it('takes over the lock of a writer that was killed', async () => {
    const store = await openAt('locked');
    await store.put('ws/a', '1');
    const dead = spawn('true');
    await new Promise((resolve) => dead.once('exit', resolve));
    await symlink(`${dead.pid}-killed`, join(base, 'locked/.locks', createHash('sha256').update('ws/a').digest('hex')));
    await Promise.all([store.put('ws/a', '2'), store.put('ws/a', '2'), store.put('ws/a', '2')]);
    expect((await store.getBytes('ws/a', 9)).toString()).toBe('2');
    expect(await readdir(join(base, 'locked/.locks'))).toEqual([]);
  });

  it('lets one of several processes win a conditional put, and loses no update', async () => {
    const store = await openAt('processes');
    await store.put('ws/counter', '0');
    const program = `
      const { openObjectStore } = await import(${JSON.stringify(new URL('../index.ts', import.meta.url).href)});
      const store = await openObjectStore(${JSON.stringify(store.uri)}, { fsync: false });
      for (let done = 0; done < 40; ) {
        const { info } = await store.get('ws/counter').then(async ({ info, body }) => { body.destroy(); return { info }; });
        const value = Number((await store.getBytes('ws/counter', 99)).toString());
        try { await store.put('ws/counter', String(value + 1), { ifMatch: info.etag }); done++; }
        catch (error) { if (error.name !== 'PreconditionFailed') throw error; }
      }`;
    await Promise.all([1, 2, 3].map(() => run(process.execPath, ['--conditions=@runnel/source', '--input-type=module', '-e', program])));
    expect((await store.getBytes('ws/counter', 99)).toString()).toBe('120');
  });

  it('copies a file that has another name rather than sharing it', async () => {
    const store = await openAt('linked');
    await store.put('ws/input', 'x');
    const etag = (await store.head('ws/input'))?.etag;
    await store.materialize('ws/input', join(base, 'input'));
    await link(join(base, 'input'), join(base, 'output'));
    await store.putFile('ws/output', join(base, 'output'), { move: true });
    expect((await store.head('ws/input'))?.etag).toBe(etag);
    expect((await stat(join(base, 'linked/ws/output'))).ino).not.toBe((await stat(join(base, 'linked/ws/input'))).ino);
  });

  it('refuses a FIFO without waiting for its writer', async () => {
    const store = await openAt('fifo');
    await run('mkfifo', [join(base, 'pipe')]);
    await expect(store.putFile('ws/a', join(base, 'pipe'))).rejects.toThrow('not a regular file');
  });

  it('is unavailable, not empty, while its folder is away', async () => {
    const store = await openAt('away');
    await store.put('ws/a', 'x');
    await rename(join(base, 'away'), join(base, 'gone'));
    await mkdir(join(base, 'away'));
    await expect(store.head('ws/a')).rejects.toThrow(ObjectStoreUnavailable);
    await expect(store.get('ws/a')).rejects.toThrow(ObjectStoreUnavailable);
    await expect(store.put('ws/a', 'y')).rejects.toThrow(ObjectStoreUnavailable);
    await expect(store.delete('ws/a')).rejects.toThrow(ObjectStoreUnavailable);
    await expect(store.ping()).rejects.toThrow(ObjectStoreUnavailable);
    await expect(store.list('')[Symbol.asyncIterator]().next()).rejects.toThrow(ObjectStoreUnavailable);
    await rm(join(base, 'away'), { recursive: true });
    await rename(join(base, 'gone'), join(base, 'away'));
    expect((await store.getBytes('ws/a', 9)).toString()).toBe('x');
    await store.ping();
  });

  whenMounted(
    `is unavailable while the disk is full, and leaves nothing half-done${mounted ? '' : ' (skipped: no file system can be mounted here)'}`,
    async () => {
      const store = await openAt('small');
      await store.put('ws/a', 'kept');
      await expect(store.put('ws/b', Buffer.alloc(1_000_000))).rejects.toThrow(ObjectStoreUnavailable);
      await expect(store.put('ws/a', Buffer.alloc(1_000_000))).rejects.toThrow('the disk is full');
      expect((await store.getBytes('ws/a', 9)).toString()).toBe('kept');
      expect(await store.head('ws/b')).toBeUndefined();
      expect(await readdir(join(small, '.tmp'))).toEqual([]);
      await store.put('ws/c', 'room again');
    },
  );

  it('brings and takes files across file systems', async () => {
    const store = await openObjectStore(pathToFileURL(`${small}/`).href);
    await writeFile(join(base, 'elsewhere'), 'x');
    await store.putFile('ws/moved', join(base, 'elsewhere'), { move: true });
    await expect(stat(join(base, 'elsewhere'))).rejects.toThrow('ENOENT');
    await store.materialize('ws/moved', join(base, 'brought'));
    expect((await stat(join(base, 'brought'))).mode & 0o777).toBe(0o444);
  });

  it('says what is wrong with an address', async () => {
    await expect(openObjectStore('/tmp/x')).rejects.toThrow(ObjectStoreMisconfigured);
    await expect(openObjectStore('file://host/tmp')).rejects.toThrow('host');
    await expect(openObjectStore('http://host/')).rejects.toThrow('http:');
    await writeFile(join(base, 'a-file'), '');
    await expect(openAt('a-file/store')).rejects.toThrow(ObjectStoreUnavailable);
  });
});
