import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createToken } from '@runnel/access';
import { request, startTestApi } from '../../testing/test-api.ts';
import type { TestApi } from '../../testing/test-api.ts';
import { startTestIssuer } from '../../testing/test-issuer.ts';
import type { TestIssuer } from '../../testing/test-issuer.ts';

let api: TestApi;
let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await startTestIssuer();
  api = await startTestApi({ oidcIssuer: issuer.url });
});
afterAll(async () => {
  await api.close();
  await issuer.close();
});

const type = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;
const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';

interface Exchanged {
  access_token: string;
  expires_in: number;
  scope: string;
  error: string;
  error_description: string;
}

async function send(body: string, headers: Record<string, string> = {}) {
  const answer = await request(api.url, 'POST', '/api/v1/token', {
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });
  return { ...answer, body: answer.body as unknown as Exchanged };
}
const form = (subject: string, more: Record<string, string> = {}): string =>
  new URLSearchParams({ grant_type: grant, subject_token: subject, subject_token_type: type('access_token'), ...more }).toString();
const exchange = (subject: string, more: Record<string, string> = {}) => send(form(subject, more));
const ask = async (token: string, path: string, method = 'GET') =>
  (await request(api.url, method, path, { headers: { authorization: `Bearer ${token}` } })).status;

describe('a token for a token (RFC 8693)', () => {
  it('is a short-lived one that may do what was asked for, and no more', async () => {
    const subject = await api.token('demo');
    const { status, headers, body } = await exchange(subject, { scope: 'read', audience: 'demo' });
    expect([status, headers.get('cache-control'), headers.get('pragma')]).toEqual([200, 'no-store', 'no-cache']);
    expect(body).toEqual({
      access_token: expect.stringMatching(/^rnl_/),
      issued_token_type: type('access_token'),
      token_type: 'Bearer',
      expires_in: expect.any(Number),
      scope: 'read',
    });
    expect(body.expires_in).toBeLessThanOrEqual(900);
    expect(await ask(body.access_token, '/workspaces/demo/files')).toBe(200);
    expect(await ask(body.access_token, '/workspaces/demo/files/x', 'PUT')).toBe(403);
    expect(await ask(body.access_token, '/workspaces/cc/files')).toBe(404);
    // It cannot be made into more than it is.
    expect((await exchange(body.access_token, { scope: 'read write' })).body.error).toBe('invalid_scope');
    expect((await exchange(body.access_token)).body.scope).toBe('read');
  });

  it('has all scopes of the other one but "operator", which has to be asked for', async () => {
    const operator = await api.token('demo', ['read', 'operator']);
    expect((await exchange(operator)).body.scope).toBe('read');
    expect((await exchange(operator, { scope: 'operator' })).body.scope).toBe('operator');
  });

  it('is made of tokens of the identity provider, too', async () => {
    const { status, body } = await exchange(await issuer.sign({ workspace: 'dd' }), { subject_token_type: type('jwt'), scope: 'read' });
    expect(status).toBe(200);
    expect(await ask(body.access_token, '/workspaces/dd/files')).toBe(200);
  });

  it('lives no longer than the other one', async () => {
    const expiresAt = new Date(Date.now() + 60_000);
    const { secret } = await createToken(api.database, { workspace: 'demo', name: 'brief', expiresAt });
    expect((await exchange(secret)).body.expires_in).toBeLessThanOrEqual(60);
  });

  it('ends with each that it was made of, at once', async () => {
    const { id, secret } = await createToken(api.database, { workspace: 'demo', name: 'first' });
    const { access_token: second } = (await exchange(secret)).body;
    const { access_token: third } = (await exchange(second)).body;
    for (const token of [second, third]) expect(await ask(token, '/workspaces/demo/files')).toBe(200);
    expect(await ask(await api.token('demo'), `/api/v1/tokens/${id}`, 'DELETE')).toBe(204);
    for (const token of [secret, second, third]) expect(await ask(token, '/workspaces/demo/files')).toBe(401);
  });

  it('is written down, with who asked, and so is what was refused', async () => {
    const { id, secret } = await createToken(api.database, { workspace: 'demo', name: 'watched', scopes: ['read'] });
    await exchange(secret);
    await exchange(secret, { scope: 'write' });
    const { rows } = await api.database.pool.query(
      `select workspace, allowed, reason from audit where action = 'token.exchange' and principal = $1 order by seq`,
      [`token:${id}`],
    );
    expect(rows).toEqual([
      { workspace: 'demo', allowed: true, reason: null },
      { workspace: 'demo', allowed: false, reason: 'invalid_scope' },
    ]);
  });
});

describe('an exchange is refused in the words of the standard', () => {
  const subject = () => api.token('demo');
  it.each<[name: string, make: () => Promise<string>, error: string]>([
    ['nothing at all', () => Promise.resolve(''), 'invalid_request'],
    ['another grant', async () => form(await subject(), { grant_type: 'password' }), 'unsupported_grant_type'],
    ['no subject', () => Promise.resolve(form('')), 'invalid_request'],
    ['a subject that is none', () => Promise.resolve(form(`rnl_${'x'.repeat(43)}`)), 'invalid_request'],
    ['a run’s token', () => Promise.resolve(form('rnr_x.y')), 'invalid_request'],
    ['a parameter given twice', async () => `${form(await subject())}&scope=read&scope=write`, 'invalid_request'],
    ['a type of token that is not known', async () => form(await subject(), { subject_token_type: type('saml2') }), 'invalid_request'],
    ['a refresh token that is none', async () => form(await subject(), { subject_token_type: type('refresh_token') }), 'invalid_request'],
    ['another type asked for', async () => form(await subject(), { requested_token_type: type('id_token') }), 'invalid_request'],
    ['an actor', async () => form(await subject(), { actor_token: 'x', actor_token_type: type('jwt') }), 'invalid_request'],
    ['a scope that is none', async () => form(await subject(), { scope: 'everything' }), 'invalid_scope'],
    ['a scope beyond its own', async () => form(await api.token('demo', ['read']), { scope: 'read tokens' }), 'invalid_scope'],
    ['another workspace', async () => form(await subject(), { audience: 'c"ü\\n' }), 'invalid_target'],
    ['one of two workspaces', async () => `${form(await subject(), { audience: 'demo' })}&audience=cc`, 'invalid_target'],
    ['a resource', async () => form(await subject(), { resource: 'https://files.example/' }), 'invalid_target'],
  ])('%s: %s', async (_name, make, error) => {
    const { status, headers, body, text } = await send(await make());
    expect([status, headers.get('content-type')?.split(';')[0], headers.get('cache-control')]).toEqual([
      400,
      'application/json',
      'no-store',
    ]);
    expect(Object.keys(body).sort()).toEqual(['error', 'error_description']);
    expect(body.error).toBe(error);
    // RFC 6749, section 5.2.
    expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    expect(text).not.toContain('rnl_');
  });

  it('a body of another kind', async () => {
    const { status, body } = await send('{}', { 'content-type': 'application/json' });
    expect([status, body.error]).toEqual([400, 'invalid_request']);
  });
});

it('is limited by the token that is brought, whoever sends it', async () => {
  const limited = await startTestApi({ tokenRequestsPerSecond: 1 });
  try {
    const subject = await limited.token('demo');
    const once = async (): Promise<number> =>
      (
        await request(limited.url, 'POST', '/api/v1/token', {
          body: form(subject),
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        })
      ).status;
    const statuses: number[] = [];
    while (!statuses.includes(429) && statuses.length < 200) statuses.push(await once());
    expect(statuses.at(-1)).toBe(429);
  } finally {
    await limited.close();
  }
});
