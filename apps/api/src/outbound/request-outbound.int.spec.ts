import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OutboundRefused, refusalOf, requestOutbound } from './request-outbound.ts';
import type { OutboundRequest } from './request-outbound.ts';

let server: Server;
let port: number;
/** Addresses that were asked for. */
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const { searchParams } = new URL(request.url ?? '', 'http://x');
    const to = searchParams.get('to');
    if (to !== null) response.writeHead(302, { location: to });
    response.end('here');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => new Promise((done) => server.close(done)));

const get = (address: string, more: Partial<OutboundRequest> = {}) =>
  requestOutbound(address, { method: 'GET', allowedHosts: [], redirects: 3, signal: AbortSignal.timeout(10_000), ...more });

describe('addresses that are never asked', () => {
  it.each([
    'http://127.0.0.1:PORT/',
    'http://2130706433:PORT/',
    'http://0177.0.0.1:PORT/',
    'http://0x7f.1:PORT/',
    'http://127.1:PORT/',
    'http://localhost:PORT/',
    'http://0:PORT/',
    'http://[::1]:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://[::ffff:7f00:1]:PORT/',
    'http://[64:ff9b::7f00:1]:PORT/',
    'http://169.254.169.254/latest/meta-data',
    'http://user:secret@127.0.0.1:PORT/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:PORT/',
    'ftp://127.0.0.1/',
    'data:text/plain,a',
    'nonsense',
  ])('%s', async (address) => {
    const before = asked.length;
    await expect(get(address.replace('PORT', String(port)))).rejects.toThrow(OutboundRefused);
    expect(asked.length).toBe(before);
  });

  it('a redirect to a private address, whoever sends it', async () => {
    const allowedHosts = [`127.0.0.1:${port}`];
    for (const to of ['http://127.0.0.2/', 'http://2130706434/', 'http://localhost:1/', 'file:///etc/passwd', 'http://[::1]/', 'http://']) {
      await expect(get(`http://127.0.0.1:${port}/?to=${encodeURIComponent(to)}`, { allowedHosts })).rejects.toThrow(OutboundRefused);
    }
  });

  it('a name that changes its answer: what was checked is what is connected to', async () => {
    const answers = ['93.184.216.34', '127.0.0.1'];
    let looked = 0;
    const resolve: OutboundRequest['resolve'] = (_host, _options, done) => {
      done(null, [{ address: answers[Math.min(looked++, 1)] ?? '', family: 4 }]);
    };
    const before = asked.length;
    // The first answer is public: it is connected to (nobody answers there within this time), and the second is not asked for.
    await expect(get(`http://rebind.example:${port}/`, { resolve, signal: AbortSignal.timeout(300) })).rejects.toThrow(/in time|reached/);
    expect([looked, asked.length]).toEqual([1, before]);
    await expect(get(`http://rebind.example:${port}/`, { resolve })).rejects.toThrow(/not a public address/);
    const mixed: OutboundRequest['resolve'] = (_host, _options, done) =>
      done(null, [
        { address: '93.184.216.34', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ]);
    await expect(get('http://mixed.example/', { resolve: mixed })).rejects.toThrow(/not a public address/);
  });
});

describe('where the administrator allows it', () => {
  it('a host, or one port of it', async () => {
    for (const allowed of ['127.0.0.1', `127.0.0.1:${port}`]) {
      const { status, body } = await get(`http://127.0.0.1:${port}/a`, { allowedHosts: [allowed] });
      body.destroy();
      expect(status).toBe(200);
    }
    await expect(get(`http://127.0.0.1:${port}/`, { allowedHosts: ['127.0.0.1:1'] })).rejects.toThrow(/RUNNEL_OUTBOUND_HOSTS/);
    expect(refusalOf(`http://127.0.0.1:${port}/`, ['127.0.0.1'])).toBeUndefined();
  });

  it('redirects end', async () => {
    const again = `http://127.0.0.1:${port}/?to=${encodeURIComponent('/?to=%2F%3Fto%3D%252F')}`;
    const { status, body } = await get(again, { allowedHosts: ['127.0.0.1'] });
    body.destroy();
    expect(status).toBe(200);
    await expect(get(again, { allowedHosts: ['127.0.0.1'], redirects: 2 })).rejects.toThrow(/redirects more than 2 times/);
  });
});
