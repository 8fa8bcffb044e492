import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cwl, json, request, startTestApi } from '../testing/test-api.ts';
import type { Answer, Client, TestApi } from '../testing/test-api.ts';

let api: TestApi;
let demo: Client;
let token: string;
beforeAll(async () => {
  api = await startTestApi({ bodyPatienceSeconds: 1, maxRequestBytes: 100_000 });
  demo = await api.as('demo');
  token = await api.token('demo');
}, 60_000);
afterAll(() => api.close());

/** What a server says on a bare connection until it ends it; `send` writes what no client would. */
function speak(send: (write: (text: string) => boolean, ended: () => boolean) => void | Promise<void>): Promise<string> {
  const { hostname, port } = new URL(api.url);
  return new Promise((resolve, reject) => {
    let said = '';
    const socket = connect(
      Number(port),
      hostname,
      () =>
        void Promise.resolve(
          send(
            (text) => socket.write(text),
            () => socket.destroyed,
          ),
        ).catch(reject),
    );
    socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
    socket.on('error', () => resolve(said));
    socket.on('close', () => resolve(said));
  });
}

const head = (method: string, path: string, more: string[]): string =>
  [`${method} ${path} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`, ...more, '', ''].join('\r\n');

describe('a caller who sends too much', () => {
  it('of a workspace, or with one token, is told when to come again', async () => {
    // So few that a slow machine sees no second one pass.
    const limited = await startTestApi({ tokenRequestsPerSecond: 0.005 });
    try {
      const operator = await limited.token('staff', ['operator']);
      const [first, second] = [await limited.token('busy'), await limited.token('busy')];
      const ask = (secret?: string): Promise<Answer> =>
        request(limited.url, 'GET', '/busy/ogc-api/jobs', { headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` } });
      const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => ask(first)));
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused).toHaveLength(5);
      const wait = refused[0]?.headers.get('retry-after') ?? '';
      expect(Number(wait)).toBeGreaterThan(100);
      expect(Number(wait)).toBeLessThanOrEqual(200);
      expect(refused[0]?.headers.get('ratelimit-policy')).toBe('"token";q=1;w=200');
      expect(refused[0]?.headers.get('ratelimit')).toBe(`"token";r=0;t=${wait}`);
      expect(refused[0]?.body.detail).toBe(`this token may send 1 requests in 200 s; try again in ${wait} s`);
      // Another token has a bucket of its own, until the workspace has one for all.
      expect((await ask(second)).status).toBe(200);
      const quota = await request(
        limited.url,
        'PUT',
        '/api/v1/workspaces/busy/quota',
        json({ requestsPerSecond: 0.01 }, { authorization: `Bearer ${operator}` }),
      );
      expect(quota.status).toBe(200);
      const third = await limited.token('busy');
      const fourth = await limited.token('busy');
      expect((await ask(third)).status).toBe(200);
      expect(await ask(fourth)).toMatchObject({
        status: 429,
        body: { detail: expect.stringContaining('the workspace may send 1 requests in 100 s') },
      });
      // Whoever guesses is counted by the address.
      const guesses = await Promise.all([1, 2, 3, 4, 5].map((n) => ask(`rnl_${String(n).repeat(43)}`)));
      expect(guesses.map(({ status }) => status)).toContain(429);
      expect((await request(limited.url, 'GET', '/health/live')).status).toBe(200);
    } finally {
      await limited.close();
    }
  }, 60_000);

  it('in one file is told how much it may be', async () => {
    const operator = await api.token('staff', ['operator']);
    await request(api.url, 'PUT', '/api/v1/workspaces/demo/quota', json({ uploadBytes: 10 }, { authorization: `Bearer ${operator}` }));
    expect((await demo('PUT', '/workspaces/demo/files/small', { body: '0123456789' })).status).toBe(201);
    expect(await demo('PUT', '/workspaces/demo/files/large', { body: '0123456789a' })).toMatchObject({ status: 413 });
    await request(api.url, 'PUT', '/api/v1/workspaces/demo/quota', json({ uploadBytes: null }, { authorization: `Bearer ${operator}` }));
  });
});

describe('bombs', () => {
  it('a body that is packed is not unpacked', async () => {
    const packed = gzipSync(Buffer.alloc(50_000_000, 'a'));
    const sent = { body: packed, headers: { 'content-encoding': 'gzip', 'content-type': 'application/cwl+yaml' } };
    const answer = await demo('POST', '/demo/ogc-api/processes', sent);
    expect([answer.status, answer.headers.get('accept-encoding')]).toEqual([415, 'identity']);
    expect(answer.body.detail).toContain('Content-Encoding: gzip');
    expect((await demo('PUT', '/workspaces/demo/files/a.gz', { body: packed, headers: { 'content-encoding': 'gzip' } })).status).toBe(415);
  });

  it('a document that unfolds without end is refused', async () => {
    const laughs = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (const [name, before] of ['ba', 'cb', 'dc', 'ed', 'fe', 'gf', 'hg'].map(([one, other]) => [one, other] as const))
      laughs.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`);
    const answer = await demo(
      'POST',
      '/demo/ogc-api/processes',
      cwl(`cwlVersion: v1.2\nclass: CommandLineTool\nid: bomb\n${laughs.join('\n')}\ninputs: []\noutputs: []\n`),
    );
    expect(answer.status).toBe(400);
  });

  it('a head without end is cut, one with too many fields is answered', async () => {
    const long = await speak((write) => void write(head('GET', '/demo/ogc-api', [`X-Long: ${'a'.repeat(20_000)}`])));
    expect(long).toMatch(/^HTTP\/1\.1 431 /);
    expect(long).toContain('application/problem+json');
    const many = Array.from({ length: 1000 }, (_, n) => `X-${n}: a`);
    const answer = await speak((write) => void write(head('GET', '/demo/ogc-api', [...many.slice(0, 900), 'Connection: close'])));
    expect(answer).toMatch(/^HTTP\/1\.1 \d\d\d /);
  });

  it('what is no HTTP is answered and ended', async () => {
    const said = await speak((write) => void write('this is no request\r\n\r\n'));
    expect(said).toMatch(/^HTTP\/1\.1 400 /);
    expect(said).toContain('Connection: close');
  });
});

describe('a slow client', () => {
  it('with a document is given up', async () => {
    const said = await speak(async (write, ended) => {
      write(head('POST', '/demo/ogc-api/processes', ['Content-Type: application/cwl+yaml', 'Content-Length: 1000']));
      while (!ended()) {
        write('a');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });
    expect(said).toMatch(/^HTTP\/1\.1 408 /);
    expect(said).toContain('the body came too slowly');
  }, 20_000);

  it('with a file is given up, and nothing of it stays', async () => {
    await speak(async (write, ended) => {
      write(head('PUT', '/workspaces/demo/files/slow.txt', ['Content-Length: 1000']));
      while (!ended()) {
        write('a');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });
    expect((await demo('GET', '/workspaces/demo/files/slow.txt')).status).toBe(404);
  }, 20_000);
});

it('every answer has headers that keep browsers careful', async () => {
  for (const path of ['/nowhere', '/demo/ogc-api', '/', '/health/live']) {
    const { headers } = await request(api.url, 'GET', path);
    expect([path, headers.get('x-content-type-options'), headers.get('x-frame-options'), headers.get('referrer-policy')]).toEqual([
      path,
      'nosniff',
      'DENY',
      'no-referrer',
    ]);
    expect(headers.get('strict-transport-security')).toBeNull();
  }
  const secure = await request(api.url, 'GET', '/demo/ogc-api', {
    headers: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'hub.example' },
  });
  expect(secure.headers.get('strict-transport-security')).toBe('max-age=31536000');
});
