import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Action } from '@runnel/access';
import { controllers } from './api-module.ts';
import { routesOf } from './http/open-api.ts';
import type { TestApi } from './testing/test-api.ts';
import { cwl, json, request, startTestApi, wide } from './testing/test-api.ts';
import type { TestIssuer } from './testing/test-issuer.ts';
import { startTestIssuer } from './testing/test-issuer.ts';

/**
 * Every route that names a workspace, asked by everybody for what is of workspace `dd`: its own members with a token of the identity provider,
 * a member of another workspace, nobody, and holders of tokens that are worth nothing. Generated from the routes: a new one is in it.
 */
let api: TestApi;
let issuer: TestIssuer;
let tokens: Record<'member' | 'other' | 'expired' | 'audience' | 'several', string>;
beforeAll(async () => {
  issuer = await startTestIssuer();
  api = await startTestApi({ oidcIssuer: issuer.url });
  const past = Math.floor(Date.now() / 1000) - 60;
  tokens = {
    member: await issuer.sign({ workspace: 'dd', workspaces: ['dd'] }),
    other: await issuer.sign({ workspaces: ['cc'] }),
    expired: await issuer.sign({ workspace: 'dd', exp: past }),
    audience: await issuer.sign({ workspace: 'dd', aud: 'somebody-else' }),
    several: await issuer.sign({ workspaces: ['cc', 'dd'] }),
  };
  const member = (method: string, path: string, init: object) =>
    request(api.url, method, path, {
      ...init,
      headers: { authorization: `Bearer ${tokens.member}`, 'content-type': 'application/cwl+yaml' },
    });
  for (const id of ['private', 'public', 'service'])
    expect((await member('POST', '/dd/ogc-api/processes', cwl(wide.replaceAll('id: wide', `id: ${id}`)))).status).toBe(201);
  const workflows = { public: { access: 'public' }, service: { type: 'user-service' } };
  const file = await member('PUT', '/workspaces/dd/files/eodh-config/access-policy.json', { body: JSON.stringify({ workflows }) });
  expect(file.status).toBe(201);
}, 60_000);
afterAll(async () => {
  await api.close();
  await issuer.close();
});

const routes = routesOf(controllers).filter(({ path, about }) => path.includes(':workspace') && about.action !== 'service.describe');
const named = routes.map((route) => [`${route.method} ${route.path}`, route] as const);
const processes = ['private', 'public', 'service', 'unknown'] as const;
/** What a member of another workspace may do with a process of `dd`'s. */
const offered: Partial<Record<Action, readonly (typeof processes)[number][]>> = {
  'process.read': ['public', 'service'],
  'process.execute': ['public', 'service'],
  'process.source': ['public'],
};

function addressOf(path: string, process: string, workspace = 'dd'): string {
  return path
    .replace(':workspace', workspace)
    .replace(/:process\b/, process)
    .replace(/:(run|job|token)\b/, '01936d2e-7c1a-7000-8000-000000000001')
    .replace('*', 'a.txt')
    .replaceAll(/:\w+/g, 'x');
}

const ask = (token: string | undefined, method: string, path: string) =>
  request(api.url, method, path, {
    ...(method === 'GET' || method === 'DELETE' ? {} : json({})),
    headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
  });

describe.each(named)('%s', (_name, { method, path, about }) => {
  it('by a member of another workspace: what is offered, nothing else', async () => {
    for (const process of path.includes(':process') ? processes : ['any']) {
      const { status } = await ask(tokens.other, method, addressOf(path, process));
      const allowed = about.action === 'process.list' || offered[about.action]?.some((one) => one === process) === true;
      const expected = allowed ? [200, 201, 400] : [403, 404];
      expect({ process, status, expected: expected.includes(status) }).toEqual({ process, status, expected: true });
    }
  });

  it('of a workspace that there is not: nothing', async () => {
    expect((await ask(tokens.other, method, addressOf(path, 'public', 'nobody'))).status).toBeGreaterThanOrEqual(403);
  });

  it('without a valid token: 401; with one that names several workspaces: 403, and how to do better', async () => {
    for (const token of [undefined, tokens.expired, tokens.audience, `${tokens.member}x`, 'rnl_x', 'rnr_x.y'])
      expect((await ask(token, method, addressOf(path, 'public'))).status).toBe(401);
    const several = await ask(tokens.several, method, addressOf(path, 'public'));
    expect([several.status, several.body.detail]).toEqual([403, expect.stringContaining('2 workspaces')]);
  });

  // What is deleted or replaced here is asked for last, as a process that there is not.
  it('by a member: not refused', async () => {
    const { status } = await ask(tokens.member, method, addressOf(path, method === 'GET' ? 'private' : 'unknown'));
    // There is no such job, which the clients of this face are told by 403.
    const job = path.startsWith('/api/catalogue') && path.includes(':job');
    expect([status, [401, 403, 500].includes(status)]).toEqual([job ? 403 : status, job]);
  });
});
