import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { startVersitygw, versitygw, type TestS3 } from '@runnel/testing';
import { ObjectNotFound, ObjectStoreUnavailable, openObjectStore, PreconditionFailed, type ObjectStore } from '../index.ts';
import { startFaultProxy, type Fault, type FaultProxy } from './fault-proxy.fixture.ts';

const command = versitygw();
const whenServer = command === undefined ? describe.skip : describe;

whenServer('S3 store behind a bad network', () => {
  const base = mkdtempSync(join(tmpdir(), 'objects-faults-'));
  let server: TestS3;
  let proxy: FaultProxy;
  let store: ObjectStore;
  const body = Buffer.alloc(300_000, 'what is in the object; ');
  const inParts = Buffer.alloc(9_000_000, 'what is sent in two parts; ');
  const read = async (range?: { start: number; end?: number }) =>
    Buffer.concat((await (await store.get('ws/a', range)).body.toArray()) as Buffer[]);

  beforeAll(async () => {
    server = await startVersitygw(command ?? '', base);
    process.env['AWS_ACCESS_KEY_ID'] = server.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = server.secretAccessKey;
    proxy = await startFaultProxy(server.port);
  });
  beforeEach(async () => {
    proxy.inject('', []);
    // Each test has a circuit of its own.
    store = await openObjectStore(server.bucket('faults', { endpoint: proxy.endpoint, timeout: '1.5' }));
    await store.put('ws/a', body);
  });
  afterAll(async () => {
    await proxy.close();
    await server.stop();
    rmSync(base, { recursive: true });
  });

  it.each<Fault>(['reset', 'unavailable', 'partial', 'stall'])('reads the whole object after: %s', async (fault) => {
    proxy.inject('GET', [fault, 'pass', fault]);
    expect((await read()).equals(body)).toBe(true);
    expect(proxy.seen.length).toBeGreaterThanOrEqual(2);
    proxy.inject('GET', [fault]);
    expect((await read({ start: 1000, end: 200_000 })).equals(body.subarray(1000, 200_001))).toBe(true);
  });

  it.each<Fault>(['partial', 'stall'])('takes no part of an object for the whole, where it is always: %s', async (fault) => {
    proxy.inject('GET', [fault], true);
    const path = join(base, `brought-${fault}`);
    await expect(store.materialize('ws/a', path)).rejects.toThrow(ObjectStoreUnavailable);
    expect(existsSync(path)).toBe(false);
    await expect(store.getBytes('ws/a', body.length)).rejects.toThrow(ObjectStoreUnavailable);
  });

  it('does not believe a shorter object whose checksum is not its own', async () => {
    proxy.inject('GET', ['short'], true);
    await expect(store.getBytes('ws/a', body.length)).rejects.toThrow();
    const path = join(base, 'short');
    await expect(store.materialize('ws/a', path)).rejects.toThrow();
    expect(existsSync(path)).toBe(false);
  });

  it('continues no other object than the one it began', async () => {
    await store.put('ws/other', inParts);
    proxy.inject('GET', ['partial']);
    const { body: begun } = await store.get('ws/other');
    const chunks = begun.iterator() as AsyncIterableIterator<Buffer>;
    await chunks.next();
    await store.put('ws/other', Buffer.alloc(inParts.length, 'another'));
    await expect(begun.toArray()).rejects.toThrow();
  });

  it.each<Fault>(['reset', 'unavailable', 'lost'])('writes in spite of: %s', async (fault) => {
    proxy.inject('PUT', [fault]);
    expect(await store.put('ws/b', 'small')).toMatchObject({ size: 5 });
    proxy.inject('PUT', [fault, 'pass', fault]);
    await store.put('ws/b', Readable.from([inParts]));
    expect((await store.getBytes('ws/b', inParts.length)).equals(inParts)).toBe(true);
    proxy.inject('POST', ['pass', fault]);
    await store.put('ws/b', Readable.from([inParts.subarray(1), Buffer.from('x')]));
    expect((await store.getBytes('ws/b', inParts.length)).at(-1)).toBe('x'.charCodeAt(0));
  });

  it('knows its own conditional put where the answer was lost', async () => {
    proxy.inject('PUT', ['lost']);
    const put = await store.put('ws/new', '1', { ifNoneMatch: '*' });
    proxy.inject('PUT', ['lost']);
    await store.put('ws/new', '2', { ifMatch: put.etag });
    expect((await store.getBytes('ws/new', 9)).toString()).toBe('2');
    await expect(store.put('ws/new', '3', { ifNoneMatch: '*' })).rejects.toThrow(PreconditionFailed);
    await store.delete('ws/new');
  });

  it('says that the store is away, leaves it alone, and comes back', async () => {
    proxy.inject('HEAD', ['unavailable'], true);
    const away = Array.from({ length: 12 }, () => store.head('ws/a'));
    for (const end of await Promise.allSettled(away)) expect(end).toMatchObject({ reason: expect.any(ObjectStoreUnavailable) });
    proxy.inject('HEAD', []);
    await expect(store.head('ws/a')).rejects.toThrow('left alone');
    expect(proxy.seen).toEqual([]);
  });

  it('does not count answers as faults of the store', async () => {
    for (let turn = 0; turn < 30; turn++) await expect(store.get('ws/none')).rejects.toThrow(ObjectNotFound);
    expect(await store.head('ws/a')).toMatchObject({ size: body.length });
  });
});
