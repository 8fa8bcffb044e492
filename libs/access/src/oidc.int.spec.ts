import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { base64url, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWK, JWTPayload } from 'jose';
import { Provider } from 'oidc-provider';
import { openDatabase } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { eventually, testDatabase } from '@runnel/testing';
import type { TestDatabase } from '@runnel/testing';
import { openAuthenticator } from './authenticate.ts';
import type { Authenticator } from './authenticate.ts';
import { openOidc } from './oidc.ts';
import type { OidcVerifier } from './oidc.ts';
import { createToken } from './tokens.ts';

interface Key {
  readonly kid: string;
  readonly secret: CryptoKey;
  readonly open: CryptoKey;
  readonly jwk: JWK;
}

async function newKey(kid: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  return { kid, secret: privateKey, open: publicKey, jwk: { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' } };
}

/** A real issuer, with the claims of the hub; its keys may be changed while it runs. */
let server: Server;
let issuer: string;
let handle: ((...args: Parameters<ReturnType<Provider['callback']>>) => void) | undefined;
let first: Key;
let verify: OidcVerifier;
let asked: string[];
const claims = { workspace: 'demo', workspaces: ['demo'], preferred_username: 'ada' };

function useKeys(keys: readonly Key[]): void {
  const provider = new Provider(issuer, {
    jwks: { keys: keys.map(({ jwk }) => jwk) },
    clients: [{ client_id: 'hub', client_secret: 'secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
    extraTokenClaims: () => claims,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:runnel',
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: 'account',
          accessTokenFormat: 'jwt' as const,
          accessTokenTTL: 300,
          jwt: { sign: { alg: 'RS256' as const } },
        }),
      },
    },
  });
  const callback = provider.callback();
  handle = (request, response) => void callback(request, response);
}

async function issued(): Promise<string> {
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('hub:secret').toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  return token;
}

beforeAll(async () => {
  // The issuer warns that it is not fit for production.
  for (const level of ['warn', 'info'] as const) jest.spyOn(console, level).mockImplementation(() => undefined);
  first = await newKey('one');
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (handle) handle(request, response);
    else response.writeHead(503).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}, 30_000);
afterAll(() => new Promise((done) => server.close(done)));
beforeEach(() => {
  asked = [];
  useKeys([first]);
  verify = openOidc({ issuer, audiences: ['oauth2-proxy', 'account'], cooldown: 0 });
});

describe('a token of the issuer', () => {
  it('gives its holder the workspace it is scoped to', async () => {
    expect(await verify(await issued())).toMatchObject({
      kind: 'principal',
      principal: { workspace: 'demo', owner: 'hub' },
      expires: expect.any(Number),
    });
  });

  it('signed with a new key is valid at once, and one of a withdrawn key no more', async () => {
    const old = await issued();
    expect((await verify(old)).kind).toBe('principal');
    const second = await newKey('two');
    useKeys([second, first]);
    expect((await verify(await issued())).kind).toBe('principal');
    expect((await verify(old)).kind).toBe('principal');
    useKeys([second]);
    // Its keys are read again for a key that is not known.
    await verify(await signed(first, {}, { kid: 'three' }));
    expect(await verify(old)).toMatchObject({ kind: 'refused', reason: expect.stringContaining('key') });
  });
});

/** What is undefined is left out. */
type Payload = Record<string, unknown>;

async function signed(key: Key, payload: Payload, header: { kid?: string; alg?: string } = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: issuer, aud: 'account', sub: 'ada', exp: now + 60, ...claims, ...payload };
  return new SignJWT(JSON.parse(JSON.stringify(all)) as JWTPayload)
    .setProtectedHeader({ alg: 'RS256', kid: key.kid, ...header })
    .sign(key.secret);
}

const now = (): number => Math.floor(Date.now() / 1000);

describe('is refused', () => {
  it('not: the counter-example', async () => {
    expect((await verify(await signed(first, {}))).kind).toBe('principal');
  });

  it.each<[string, () => Payload, RegExp]>([
    ['expired', () => ({ exp: now() - 31 }), /expired/],
    ['without expiry', () => ({ exp: undefined }), /"exp"/],
    ['not valid yet', () => ({ nbf: now() + 60 }), /"nbf"/],
    ['for another audience', () => ({ aud: 'other' }), /"aud"/],
    ['for none', () => ({ aud: undefined }), /"aud"/],
    ['of another issuer', () => ({ iss: 'https://evil.example' }), /"iss"/],
    ['of nobody', () => ({ sub: undefined }), /"sub"/],
  ])('%s', async (_what, payload, reason) => {
    expect(await verify(await signed(first, payload()))).toEqual({ kind: 'refused', reason: expect.stringMatching(reason) });
  });

  it('signed by somebody else under the name of a known key', async () => {
    const forger = await newKey('one');
    expect(await verify(await signed(forger, {}))).toMatchObject({ kind: 'refused' });
  });

  it('with another algorithm: none, or the public key as a shared secret', async () => {
    const body = base64url.encode(JSON.stringify({ iss: issuer, aud: 'account', sub: 'ada', exp: now() + 60, ...claims }));
    const none = `${base64url.encode(JSON.stringify({ alg: 'none', kid: 'one' }))}.${body}.`;
    expect(await verify(none)).toMatchObject({ kind: 'refused' });
    const confused = await new SignJWT({ iss: issuer, aud: 'account', sub: 'ada', exp: now() + 60, ...claims })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .sign(new TextEncoder().encode(await exportSPKI(first.open)));
    expect(await verify(confused)).toMatchObject({ kind: 'refused' });
  });

  it('altered', async () => {
    const [header, , signature] = (await signed(first, {})).split('.');
    const body = base64url.encode(JSON.stringify({ iss: issuer, aud: 'account', sub: 'root', exp: now() + 60, workspace: 'other' }));
    expect(await verify(`${header}.${body}.${signature}`)).toMatchObject({ kind: 'refused' });
  });

  it('not where the clocks differ a little', async () => {
    expect((await verify(await signed(first, { exp: now() - 20 }))).kind).toBe('principal');
  });
});

it('with several workspaces it is known, and may do nothing', async () => {
  const token = await signed(first, { workspace: undefined, workspaces: ['a', 'b'] });
  expect(await verify(token)).toMatchObject({ kind: 'forbidden', reason: expect.stringContaining('2 workspaces') });
});

it('where the issuer is away nobody is turned away for good, and all is well once it is back', async () => {
  const token = await signed(first, {});
  handle = undefined;
  await expect(verify(token)).rejects.toMatchObject({ name: 'ServiceUnavailable', service: 'the identity provider' });
  useKeys([first]);
  expect((await verify(token)).kind).toBe('principal');
});

it('tokens of unknown keys do not make the issuer work: between two looks some time passes', async () => {
  verify = openOidc({ issuer, audiences: ['account'] });
  await verify(await signed(first, {}));
  const before = asked.length;
  for (let index = 0; index < 20; index += 1) await verify(await signed(first, {}, { kid: `unknown-${index}` }));
  expect(asked.length).toBe(before);
});

describe('beside the tokens of our own', () => {
  let place: TestDatabase;
  let database: Database;
  let authenticator: Authenticator;
  beforeAll(async () => {
    place = await testDatabase();
    database = await openDatabase({ url: place.url, name: 'oidc-test' });
    authenticator = openAuthenticator(database, { oidc: { issuer, audiences: ['account'], cooldown: 0 } });
  });
  afterAll(async () => {
    await authenticator.close();
    await database.close();
    await place.drop();
  });
  const whose = (secret: string) => authenticator.authenticate(`Bearer ${secret}`);

  it('both are believed, and a verified one is remembered', async () => {
    const own = await createToken(database, { workspace: 'demo', name: 'x' });
    expect(await whose(own.secret)).toMatchObject({ principal: { workspace: 'demo', token: own.id } });
    const token = await signed(first, {});
    expect(await whose(token)).toMatchObject({ kind: 'principal', principal: { workspace: 'demo', token: 'user:ada', owner: 'ada' } });
    // Nothing is remembered before revocations are heard.
    await eventually('it is remembered', () => !(whose(token) instanceof Promise));
    handle = undefined;
    expect(whose(token)).toMatchObject({ kind: 'principal' });
  });

  it('what is refused is refused each time, and never remembered beyond its expiry', async () => {
    expect(await whose(await signed(first, { aud: 'other' }))).toMatchObject({ kind: 'refused' });
    expect(await whose(await signed(first, { workspace: undefined, workspaces: [] }))).toMatchObject({ kind: 'forbidden' });
    // Valid by leeway, and expired by our clock: it is asked for again.
    const late = await signed(first, { exp: now() - 5 });
    expect((await whose(late)).kind).toBe('principal');
    expect(whose(late)).toBeInstanceOf(Promise);
    expect(await whose('eyJub3Q.a.token')).toMatchObject({ kind: 'refused' });
  });

  it('without an identity provider no such token is', async () => {
    const plain = openAuthenticator(database);
    expect(await plain.authenticate(`Bearer ${await signed(first, {})}`)).toMatchObject({ kind: 'refused' });
    await plain.close();
  });
});
