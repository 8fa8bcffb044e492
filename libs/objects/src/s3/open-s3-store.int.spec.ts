import { afterAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { startVersitygw, versitygw } from '@runnel/testing';
import { ChecksumMismatch, ObjectStoreMisconfigured, ObjectStoreUnavailable, openObjectStore, type SignedRequest } from '../index.ts';
import { describeObjectStore } from '../object-store-contract.suite.ts';

const command = versitygw();
const base = mkdtempSync(join(tmpdir(), 'objects-s3-'));
const server = command === undefined ? undefined : await startVersitygw(command, base, { virtualDomain: 's3.test' });
process.env['AWS_ACCESS_KEY_ID'] = server?.accessKeyId ?? '';
process.env['AWS_SECRET_ACCESS_KEY'] = server?.secretAccessKey ?? '';
const address = (bucket: string, query: Record<string, string> = {}): string => server?.bucket(bucket, query) ?? '';
const sha256 = (body: Buffer | string) => createHash('sha256').update(body).digest('hex');
const mebi = 1024 * 1024;
const large = Buffer.alloc(20 * mebi + 5, 'a large object, sent in several parts; ');

afterAll(async () => {
  await server?.stop();
  rmSync(base, { recursive: true, force: true });
});

const whenServer = server === undefined ? describe.skip : describe;

if (server === undefined) describe.skip('S3 store (needs Go for versitygw)', () => it('keeps the contract', () => undefined));
else describeObjectStore('S3', () => openObjectStore(address('contract').replace('contract/', 'contract/some/prefix/')));

whenServer('S3 store', () => {
  it('keeps to its prefix', async () => {
    const whole = await openObjectStore(address('prefixes'));
    const part = await openObjectStore(address('prefixes').replace('prefixes/', 'prefixes/a/b'));
    expect(part.uri).toBe('s3://prefixes/a/b/');
    await part.put('ws/x', 'x');
    await whole.put('other/x', 'x');
    expect((await whole.getBytes('a/b/ws/x', 9)).toString()).toBe('x');
    const keys: string[] = [];
    for await (const { key } of part.list('')) keys.push(key);
    expect(keys).toEqual(['ws/x']);
  });

  it('sends large bodies in parts, checked, and leaves nothing of those that fail', async () => {
    const store = await openObjectStore(address('parts'));
    await store.put('ws/large', Readable.from([large.subarray(0, 7), large.subarray(7)]), { sha256: sha256(large) });
    expect((await store.getBytes('ws/large', large.length)).equals(large)).toBe(true);
    const path = join(base, 'large');
    await writeFile(path, large);
    expect(await store.putFile('ws/file', path)).toMatchObject({ size: large.length });
    await expect(store.put('ws/wrong', Readable.from([large]), { sha256: sha256('x') })).rejects.toThrow(ChecksumMismatch);
    const broken = Readable.from(
      (function* () {
        yield large;
        throw new Error('the client went away');
      })(),
    );
    await expect(store.put('ws/large', broken)).rejects.toThrow('the client went away');
    const unwanted = Readable.from([large, large]);
    await expect(store.put('ws/large', unwanted, { ifNoneMatch: '*' })).rejects.toThrow('is another one');
    expect(unwanted.destroyed).toBe(true);
    expect(await store.head('ws/wrong')).toBeUndefined();
    expect((await store.head('ws/large'))?.size).toBe(large.length);
    const there = join(base, 'brought');
    await store.materialize('ws/large', there);
    expect(sha256(await readFile(there))).toBe(sha256(large));
    expect((await stat(there)).mode & 0o777).toBe(0o444);
    const uploads = await readdir(join(base, 'buckets/parts/.sgwtmp/multipart'), { recursive: true }).catch(() => []);
    expect(uploads.filter((name) => !/^[0-9a-f]{64}$/.test(name))).toEqual([]);
  });

  it('says what is wrong with an address', async () => {
    const refused = (uri: string) => expect(openObjectStore(uri)).rejects;
    await refused('s3://A_B/').toThrow(ObjectStoreMisconfigured);
    await refused('s3://bucket/?endpont=http://x').toThrow('known: endpoint');
    await refused('s3://bucket/?endpoint=ftp://x').toThrow(ObjectStoreMisconfigured);
    await refused('s3://key:secret@bucket/').toThrow('credentials do not belong');
    await refused(address('parts', { ca: '/no/such.pem' })).toThrow('/no/such.pem cannot be read');
    await refused(`s3://absent/?endpoint=${server?.endpoint ?? ''}`).toThrow('there is no such bucket');
    await refused('s3://bucket/?endpoint=http://127.0.0.1:1').toThrow(ObjectStoreUnavailable);
  });

  it('uses the credentials of a workspace, and the usual ones for others', async () => {
    const path = join(base, 'credentials.json');
    await writeFile(path, JSON.stringify({ locked: { accessKeyId: 'nobody', secretAccessKey: 'nothing' } }));
    const store = await openObjectStore(address('credentials', { credentials: path }));
    await store.put('open/x', 'x');
    await expect(store.put('locked/x', 'x')).rejects.toThrow(ObjectStoreMisconfigured);
    await expect(store.put('locked/x', 'x')).rejects.not.toThrow('nothing');
    await writeFile(path, '{"locked": "s3cret"');
    await expect(openObjectStore(address('credentials', { credentials: path }))).rejects.not.toThrow('s3cret');
  });
});

whenServer('direct access', () => {
  const send = async ({ url, headers }: SignedRequest, method: string, body?: Buffer): Promise<Response> =>
    fetch(url, { method, headers, ...(body ? { body: new Uint8Array(body) } : {}) });
  const digest = sha256('abc');

  it('lets others get and put, and nothing else than was signed', async () => {
    const store = await openObjectStore(address('direct'));
    const direct = store.direct;
    if (!direct) throw new Error('no direct access');
    const key = `ws/objects/${digest}`;
    const [put] = await direct.signPuts([{ key, sha256: digest, size: 3 }]);
    const [get] = await direct.signGets([key]);
    if (!put || !get) throw new Error('nothing signed');
    expect((await send(put, 'PUT', Buffer.from('abd'))).status).toBe(400);
    expect((await send({ ...put, url: put.url.replace(digest, sha256('x')) }, 'PUT', Buffer.from('abc'))).status).toBe(403);
    expect((await send({ url: put.url, headers: {} }, 'PUT', Buffer.from('abc'))).status).toBeGreaterThanOrEqual(400);
    expect(await store.head(key)).toBeUndefined();
    expect((await send(put, 'PUT', Buffer.from('abc'))).status).toBe(200);
    expect(await (await send(get, 'GET')).text()).toBe('abc');
    expect((await send(get, 'DELETE')).status).toBe(403);
  });

  it('takes parts, each checked, and completes them once', async () => {
    const store = await openObjectStore(address('direct'));
    const direct = store.direct;
    if (!direct) throw new Error('no direct access');
    const bodies = [large.subarray(0, 6 * mebi), large.subarray(6 * mebi, 9 * mebi)];
    const uploadId = await direct.beginParts('ws/big');
    const signed = await direct.signParts('ws/big', uploadId, bodies.map(sha256));
    const first = signed[0];
    if (!first) throw new Error('nothing signed');
    expect((await send(first, 'PUT', bodies[1])).status).toBe(400);
    const etags: string[] = [];
    for (const [index, part] of signed.entries()) etags.push((await send(part, 'PUT', bodies[index])).headers.get('etag') ?? '');
    const upload = { uploadId, parts: bodies.map((body, index) => ({ etag: etags[index] ?? '', sha256: sha256(body) })), size: 9 * mebi };
    await direct.completeParts('ws/big', upload);
    await direct.completeParts('ws/big', upload);
    expect(sha256(await store.getBytes('ws/big', 9 * mebi))).toBe(sha256(large.subarray(0, 9 * mebi)));
  });

  it('signs for the address that pods reach, with the bucket in the host where asked', async () => {
    const store = await openObjectStore(address('direct'));
    await store.put('ws/host', 'by host');
    const pods = await openObjectStore(address('direct', { pathStyle: 'true', podEndpoint: 'https://pods.example:9000' }));
    expect((await pods.direct?.signGets(['ws/host']))?.[0]?.url).toMatch(/^https:\/\/pods\.example:9000\/direct\/ws\/host\?/);
    const { parseS3Address } = await import('./address.ts');
    const { connectS3 } = await import('./connection.ts');
    const { directAccess } = await import('./direct.ts');
    const port = server?.port ?? 0;
    const url = new URL(`s3://direct/?endpoint=http://s3.test:${port}&pathStyle=false`);
    const [signed] = await (await directAccess(await connectS3(parseS3Address(url, {})))).signGets(['ws/host']);
    const { host, pathname, search } = new URL(signed?.url ?? '');
    expect(host).toBe(`direct.s3.test:${port}`);
    const body = await new Promise<string>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: pathname + search, headers: { host } }, (answer) => {
        answer.toArray().then((chunks) => resolve(Buffer.concat(chunks as Buffer[]).toString()), reject);
      })
        .once('error', reject)
        .end();
    });
    expect(body).toBe('by host');
  });

  it('is trusted by a certificate of its own only where that is named', async () => {
    const { execFileSync } = await import('node:child_process');
    const [key, cert] = [join(base, 'key.pem'), join(base, 'cert.pem')];
    const subject = ['-subj', '/CN=runnel test', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        '-keyout',
        key,
        '-out',
        cert,
        ...subject,
      ],
      { stdio: 'ignore' },
    );
    const secure = await startVersitygw(command ?? '', join(base), { tls: { cert, key } });
    try {
      await expect(openObjectStore(secure.bucket('secure'))).rejects.toThrow(ObjectStoreUnavailable);
      const store = await openObjectStore(secure.bucket('secure', { ca: cert }));
      await store.put('ws/a', 'x');
      expect((await store.getBytes('ws/a', 1)).toString()).toBe('x');
    } finally {
      await secure.stop();
      await rm(key);
    }
  });
});
