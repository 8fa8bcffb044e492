import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi } from '../../testing/test-api.ts';
import type { Answer, Client, TestApi } from '../../testing/test-api.ts';

let api: TestApi;
let demo: Client;
const files = '/workspaces/demo/files';
const put = (path: string, body: string, headers: Record<string, string> = {}): Promise<Answer> =>
  demo('PUT', `${files}/${path}`, { body, headers });
const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> => demo('GET', `${files}/${path}`, { headers });

beforeAll(async () => {
  api = await startTestApi({ maxUploadBytes: 1000 });
  demo = await api.as('demo');
  expect((await put('digits.txt', '0123456789')).status).toBe(201);
});
afterAll(() => api.close());

describe('a file', () => {
  it('comes back as it was put, as an attachment in a sandbox', async () => {
    const stored = await put('a folder/päge.html', '<script>', { 'content-type': 'text/html' });
    expect(stored.status).toBe(201);
    const found = await get('a folder/päge.html');
    expect(found.text).toBe('<script>');
    expect(Object.fromEntries(found.headers)).toMatchObject({
      etag: stored.headers.get('etag'),
      'content-type': 'text/html',
      'content-length': '8',
      'content-disposition': "attachment; filename*=UTF-8''p%C3%A4ge.html",
      'x-content-type-options': 'nosniff',
      'content-security-policy': 'sandbox',
      'cache-control': 'private, no-cache',
      'accept-ranges': 'bytes',
    });
    const head = await demo('HEAD', `${files}/a folder/päge.html`);
    expect([head.status, head.text, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([
      200,
      '',
      '8',
      stored.headers.get('etag'),
    ]);
  });

  it('may be JSON, YAML or a form: it is not taken apart', async () => {
    for (const type of ['application/json', 'application/cwl+yaml', 'application/x-www-form-urlencoded']) {
      expect((await put('strange', '{"a": [', { 'content-type': type })).status).toBeLessThan(300);
      expect((await get('strange')).text).toBe('{"a": [');
    }
  });

  it('is replaced and deleted', async () => {
    expect((await put('once', 'one')).status).toBe(201);
    expect((await put('once', 'two')).status).toBe(204);
    expect((await get('once')).text).toBe('two');
    expect((await demo('DELETE', `${files}/once`)).status).toBe(204);
    expect((await get('once')).status).toBe(404);
    expect((await demo('DELETE', `${files}/once`)).status).toBe(404);
  });
});

describe('ranges', () => {
  it.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=8-100', '89', 'bytes 8-9/10'],
    ['bytes=-100', '0123456789', 'bytes 0-9/10'],
  ])('%s', async (range, text, shown) => {
    const answer = await get('digits.txt', { range });
    expect([answer.status, answer.text, answer.headers.get('content-range')]).toEqual([206, text, shown]);
    expect(answer.headers.get('content-length')).toBe(String(text.length));
  });

  it.each(['bytes=0-1,4-5', 'lines=1-2', 'bytes=5-2', 'bytes=-'])('%s means the whole', async (range) => {
    const answer = await get('digits.txt', { range });
    expect([answer.status, answer.text]).toEqual([200, '0123456789']);
  });

  it('behind the end: 416 with the size', async () => {
    const answer = await get('digits.txt', { range: 'bytes=10-' });
    expect([answer.status, answer.headers.get('content-range')]).toEqual([416, 'bytes */10']);
  });

  it('only of the version that is meant', async () => {
    const etag = (await get('digits.txt')).headers.get('etag') ?? '';
    expect((await get('digits.txt', { range: 'bytes=0-1', 'if-range': etag })).status).toBe(206);
    expect((await get('digits.txt', { range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200);
  });
});

describe('conditions', () => {
  it('304 for who has it', async () => {
    const etag = (await get('digits.txt')).headers.get('etag') ?? '';
    for (const tags of [etag, `"x", W/${etag}`, '*']) {
      const answer = await get('digits.txt', { 'if-none-match': tags });
      expect([answer.status, answer.text, answer.headers.get('etag')]).toEqual([304, '', etag]);
    }
    expect((await get('digits.txt', { 'if-none-match': '"x"' })).status).toBe(200);
  });

  it('a put replaces only what it knows', async () => {
    const first = (await put('cond', 'one')).headers.get('etag') ?? '';
    expect((await put('cond', 'two', { 'if-none-match': '*' })).status).toBe(412);
    expect((await put('cond', 'two', { 'if-match': '"other"' })).status).toBe(412);
    expect((await put('cond', 'two', { 'if-match': first })).status).toBe(204);
    expect((await put('cond', 'three', { 'if-match': first })).status).toBe(412);
    expect((await put('nothing', 'x', { 'if-match': '*' })).status).toBe(412);
    expect((await put('fresh', 'x', { 'if-none-match': '*' })).status).toBe(201);
    expect((await put('cond', 'x', { 'if-none-match': '"a"' })).status).toBe(400);
    expect((await get('cond')).text).toBe('two');
  });
});

describe('what arrives', () => {
  const sha256 = (text: string) => createHash('sha256').update(text);

  it('must have the announced checksum', async () => {
    expect((await put('sum', 'abc', { 'x-checksum-sha256': sha256('abc').digest('hex').toUpperCase() })).status).toBe(201);
    expect((await put('sum2', 'abc', { 'content-digest': `sha-256=:${sha256('abc').digest('base64')}:` })).status).toBe(201);
    for (const headers of [
      { 'x-checksum-sha256': sha256('abd').digest('hex') },
      { 'content-digest': `sha-256=:${sha256('abd').digest('base64')}:` },
      { 'content-digest': 'md5=:abc:' },
      { 'x-checksum-sha256': 'abc' },
      { 'x-checksum-sha256': sha256('abc').digest('hex'), 'content-digest': `sha-256=:${sha256('x').digest('base64')}:` },
    ])
      expect((await put('sum3', 'abc', headers as unknown as Record<string, string>)).status).toBe(400);
    expect((await get('sum3')).status).toBe(404);
  });

  it('may be so large: 413, whether the length is announced or not', async () => {
    expect((await put('large', 'x'.repeat(1001))).status).toBe(413);
    const chunked = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 11; i += 1) controller.enqueue(new TextEncoder().encode('x'.repeat(100)));
        controller.close();
      },
    });
    expect((await demo('PUT', `${files}/large`, { body: chunked, duplex: 'half' })).status).toBe(413);
    expect((await get('large')).status).toBe(404);
    expect((await put('largest', 'x'.repeat(1000))).status).toBe(201);
  });

  it('is not there where the upload breaks off', async () => {
    const token = await api.token('demo');
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `PUT ${files}/half HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n`,
    );
    await new Promise((resolve) => socket.once('data', resolve));
    await new Promise((resolve) => socket.write('half of it', resolve));
    socket.destroy();
    expect((await put('whole', 'x')).status).toBe(201);
    expect((await get('half')).status).toBe(404);
  });

  it.each(['../other/files/a', '..%2F..%2Fother', 'a//b', 'a%00b', 'x'.repeat(1100), 'a/%2E/b'])('%s is no name', async (path) => {
    const { port, hostname } = new URL(api.url);
    // fetch would tidy the path up.
    const answer = await raw(
      hostname,
      Number(port),
      `GET ${files}/${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${await api.token('demo')}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
  });
});

describe('lists', () => {
  it('are JSON, in pages', async () => {
    for (const name of ['list/a', 'list/b/c', 'list/b/d', 'listing']) await put(name, name);
    const all = await get('list/');
    expect(all.body.files.map(({ path, size }) => [path, size])).toEqual([
      ['list/a', 6],
      ['list/b/c', 8],
      ['list/b/d', 8],
    ]);
    expect((await demo('GET', all.body.files[1]?.href ?? '')).text).toBe('list/b/c');
    const page = await get('list?list&limit=2');
    expect(page.body.files).toHaveLength(2);
    const next = await demo('GET', page.body.next ?? '');
    expect(next.body).toEqual({ files: [expect.objectContaining({ path: 'list/b/d' })] });
    expect((await get('none/')).body).toEqual({ files: [] });
    for (const root of ['', '/', '?list']) expect((await demo('GET', files + root)).body.files.length).toBeGreaterThan(4);
  });
});

it('results of runs are read like files, and not written', async () => {
  const run = '01936d2e-7c1a-7000-8000-000000000001';
  await api.objects.put(`demo/results/${run}/picture/a.png`, 'png');
  const answer = await demo('GET', `/workspaces/demo/results/${run}/picture/a.png`, { headers: { range: 'bytes=1-' } });
  expect([answer.status, answer.text, answer.headers.get('content-type')]).toEqual([206, 'ng', 'image/png']);
  expect((await demo('GET', `/workspaces/demo/results/${run}/?list`)).body.files).toHaveLength(1);
  expect((await demo('PUT', `/workspaces/demo/results/${run}/picture/a.png`, { body: 'x' })).status).toBe(405);
});

function raw(host: string, port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    connect(port, host)
      .setEncoding('latin1')
      .on('data', (chunk: string) => (answer += chunk))
      .on('end', () => resolve(answer))
      .on('error', reject)
      .write(text);
  });
}
