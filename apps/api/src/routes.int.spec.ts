import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { controllers } from './api-module.ts';
import { routesOf } from './http/open-api.ts';
import { request, startTestApi } from './testing/test-api.ts';
import type { TestApi } from './testing/test-api.ts';

let api: TestApi;
let operatorOfOther: string;
let powerless: string;
beforeAll(async () => {
  api = await startTestApi();
  operatorOfOther = await api.token('other', ['read', 'execute', 'deploy', 'write', 'tokens']);
  powerless = await api.token('demo', []);
});
afterAll(() => api.close());

const run = '01936d2e-7c1a-7000-8000-000000000001';
const pathOf = (path: string): string =>
  path
    .replace(':workspace', 'demo')
    .replace(/:(run|job|token)\b/, run)
    .replace(/:(step|process|letter|trigger|webhook)\b/, '1')
    .replace(':file', 'start.js')
    .replace('*', 'a.txt');
const routes = routesOf(controllers).map((route) => ({ ...route, url: pathOf(route.path) }));
const eodh = '/api/catalogue/';
const open = routes.filter(({ about }) => about.action === 'service.describe');
// Webhooks have signatures instead, an exchange has the token it exchanges: webhooks/webhooks.int.spec.ts, token-exchange.int.spec.ts.
const closed = routes.filter(({ about }) => !['service.describe', 'harvest.push', 'token.exchange'].includes(about.action));
const named = (list: typeof routes) => list.map((route) => [`${route.method} ${route.path}`, route] as const);

it('knows all faces', () => {
  expect(closed.length).toBeGreaterThan(35);
});

describe('without a token', () => {
  it.each(named(open))('%s answers', async (_name, { method, url }) => {
    expect((await request(api.url, method, url)).status).toBe(200);
  });

  it.each(named(closed))('%s: 401, and how to do better', async (_name, { method, url }) => {
    const answer = await request(api.url, method, url);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="runnel"');
    expect(answer.body).toMatchObject({ status: 401, type: 'about:blank' });
  });

  it.each(named(closed.filter(({ path }) => path.includes(':workspace'))))(
    '%s: 401 for a workspace that cannot exist, too',
    async (_name, { method, url }) => {
      for (const workspace of ['DEMO', 'a%00b', '[1,2]'])
        expect([workspace, (await request(api.url, method, url.replace('demo', workspace))).status]).toEqual([workspace, 401]);
    },
  );
});

it.each(['Bearer rnl_unknown', `Bearer rnl_${'x'.repeat(43)}`, 'Basic ZGVtbzpkZW1v', 'Bearer'])(
  '%s: 401, also where none is needed',
  async (authorization) => {
    for (const { method, url } of [...open, ...closed.slice(0, 3)]) {
      const answer = await request(api.url, method, url, { headers: { authorization } });
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="runnel", error="invalid_token"']);
    }
  },
);

describe('with a token of another workspace', () => {
  it.each(named(closed.filter(({ path }) => path.includes(':workspace'))))('%s: nothing of it', async (_name, { method, url, path }) => {
    const answer = await request(api.url, method, url, { headers: { authorization: `Bearer ${operatorOfOther}` } });
    // Clients of the EODH face tell their users by this status that there is no such job.
    expect(answer.status).toBe(path.startsWith(eodh) && !path.includes('/processes/:process') ? 403 : 404);
    expect(answer.text).not.toContain('other');
  });

  it.each(named(closed.filter(({ path }) => path.includes(':workspace') && !path.startsWith(eodh))))(
    '%s: 404 for a workspace that cannot exist',
    async (_name, { method, url }) => {
      for (const workspace of ['DEMO', '-x', 'a'.repeat(41)]) {
        const answer = await request(api.url, method, url.replace('demo', workspace), {
          headers: { authorization: `Bearer ${operatorOfOther}` },
        });
        expect(answer.status).toBe(404);
      }
    },
  );

  it.each(named(closed.filter(({ path }) => /\/(:run|:token)\b/.test(path) && !path.includes(':workspace'))))(
    '%s: 404',
    async (_name, { method, url }) => {
      expect((await request(api.url, method, url, { headers: { authorization: `Bearer ${operatorOfOther}` } })).status).toBe(404);
    },
  );
});

it.each(named(closed))('with a token that may do nothing, %s: 403', async (_name, { method, url }) => {
  const answer = await request(api.url, method, url, { headers: { authorization: `Bearer ${powerless}` } });
  expect(answer.status).toBe(403);
  expect(answer.body.detail).toMatch(/lacks the scope/);
});

describe('what every answer has', () => {
  it('an unknown route is a problem', async () => {
    for (const path of ['/nowhere', '/demo/ogc-api/nowhere', '/demo/ogc-api/processes/a/b/c']) {
      const answer = await request(api.url, 'GET', path);
      expect([answer.status, answer.headers.get('content-type'), answer.body.status]).toEqual([404, 'application/problem+json', 404]);
    }
  });

  it('an address that is there and not asked so says how it can be', async () => {
    for (const [method, path, allow] of [
      ['PATCH', '/demo/ogc-api/jobs', 'GET, HEAD, OPTIONS, POST'],
      ['DELETE', '/demo/ogc-api/processes/', 'GET, HEAD, OPTIONS, POST'],
      ['POST', '/demo/ogc-api?f=json', 'GET, HEAD, OPTIONS'],
      ['POST', '/workspaces/demo/files/a/b', 'DELETE, GET, HEAD, OPTIONS, PUT'],
      ['PUT', '/', 'GET, HEAD, OPTIONS'],
    ] as const) {
      const answer = await request(api.url, method, path);
      expect([answer.status, answer.headers.get('allow'), answer.headers.get('content-type')]).toEqual([
        405,
        allow,
        'application/problem+json',
      ]);
    }
  });

  it('a problem is plain JSON for who asks for exactly that', async () => {
    const answer = await request(api.url, 'GET', '/demo/ogc-api/jobs', { headers: { accept: 'application/json' } });
    expect(answer.headers.get('content-type')).toBe('application/json');
  });

  it('browsers of any origin may ask', async () => {
    const preflight = await request(api.url, 'OPTIONS', '/demo/ogc-api/processes', {
      headers: { origin: 'https://a.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(/^Content-Type,Authorization,Prefer/);
    expect(preflight.headers.get('access-control-max-age')).toBe('1728000');
    expect((await request(api.url, 'GET', '/nowhere')).headers.get('access-control-allow-origin')).toBe('*');
  });

  it('the caller’s request id, where it is harmless', async () => {
    expect((await request(api.url, 'GET', '/demo/ogc-api', { headers: { 'x-request-id': 'abc-1' } })).headers.get('x-request-id')).toBe(
      'abc-1',
    );
    const own = (await request(api.url, 'GET', '/demo/ogc-api', { headers: { 'x-request-id': 'a b' } })).headers.get('x-request-id');
    expect(own).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('health and figures', async () => {
    expect((await request(api.url, 'GET', '/health/live')).body).toEqual({ status: 'live' });
    const ready = await request(api.url, 'GET', '/health/ready');
    expect([ready.status, ready.body.checks]).toEqual([200, { postgres: 'ok', nats: 'ok', objects: 'ok' }]);
    expect((await request(api.url, 'GET', '/metrics')).text).toMatch(/runnel_http_request_seconds_count\{[^}]*route="\/health\/live"/);
  });

  it('the welcome page says what runs here', async () => {
    const page = await request(api.url, 'GET', '/');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.text).toContain('<h1>Runnel</h1>');
  });
});

it('the description names every route with its statuses', async () => {
  const own = (await request(api.url, 'GET', '/api/docs')).body.paths;
  const ogc = (await request(api.url, 'GET', '/demo/ogc-api/api')).body.paths;
  const described = new Set<string>();
  const hub = (await request(api.url, 'GET', '/api/docs/workflow-runner/openapi.json')).body.paths;
  for (const [prefix, paths] of [
    ['', own],
    ['', hub],
    ['/:workspace/ogc-api', ogc],
  ] as const)
    for (const [path, operations] of Object.entries(paths as object))
      for (const [method, operation] of Object.entries(operations as Record<string, { responses: object }>)) {
        described.add(
          `${method.toUpperCase()} ${prefix}${path === '/' && prefix !== '' ? '' : path.replace('{path}', '*').replaceAll(/\{(\w+)\}/g, ':$1')}`,
        );
        expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
      }
  const expected = routes.filter(({ path }) => !path.startsWith('/ades') && path !== '/').map(({ method, path }) => `${method} ${path}`);
  expect([...described].sort()).toEqual(expected.sort());
});
