import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openDatabase } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { eventually, testDatabase } from '@runnel/testing';
import type { TestDatabase } from '@runnel/testing';
import { openAuthenticator } from './authenticate.ts';
import type { Authentication, Authenticator } from './authenticate.ts';
import { anonymous } from './principal.ts';
import { workspaceScopes } from './scopes.ts';
import { createToken, listTokens, revokeToken } from './tokens.ts';

let place: TestDatabase;
let database: Database;
let authenticator: Authenticator;
beforeAll(async () => {
  place = await testDatabase();
  database = await openDatabase({ url: place.url, name: 'access-test' });
});
afterAll(async () => {
  await database.close();
  await place.drop();
});
beforeEach(() => {
  authenticator = openAuthenticator(database);
});
afterEach(() => authenticator.close());

const bearer = (secret: string): string => `Bearer ${secret}`;
const kindOf = async (header: string): Promise<Authentication['kind']> => (await authenticator.authenticate(header)).kind;

/** Once the authenticator hears revocations it remembers: then it answers without a promise. */
const remembers = (secret: string): Promise<boolean> =>
  eventually('the token is remembered', async () => {
    const answer = authenticator.authenticate(bearer(secret));
    if (!(answer instanceof Promise)) return true;
    await answer;
    return undefined;
  });

describe('tokens', () => {
  it('are stored as a hash', async () => {
    const { secret } = await createToken(database, { workspace: 'demo', name: 'a' });
    const { rows } = await database.pool.query<{ hash: Buffer }>('select * from tokens');
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(rows.every(({ hash }) => hash.length === 32)).toBe(true);
  });

  it('are listed by workspace, oldest first', async () => {
    for (const name of ['one', 'two']) await createToken(database, { workspace: 'lists', name, scopes: ['read'] });
    expect((await listTokens(database, 'lists')).map(({ name }) => name)).toEqual(['one', 'two']);
  });

  it('are revoked by their workspace only, once', async () => {
    const { id } = await createToken(database, { workspace: 'demo', name: 'a' });
    expect(await revokeToken(database, 'other', id)).toBeUndefined();
    const first = await revokeToken(database, 'demo', id);
    expect(first?.revokedAt).toBeInstanceOf(Date);
    expect((await revokeToken(database, 'demo', id))?.revokedAt).toEqual(first?.revokedAt);
  });
});

describe('authenticate', () => {
  it('nobody is anonymous', async () => {
    expect(await authenticator.authenticate(undefined)).toEqual({ kind: 'principal', principal: anonymous });
  });

  it('a token is its workspace', async () => {
    const { secret, id } = await createToken(database, { workspace: 'demo', name: 'a' });
    const principal = { kind: 'token', workspace: 'demo', token: id, scopes: workspaceScopes };
    expect(await authenticator.authenticate(`bearer  ${secret} `)).toEqual({ kind: 'principal', principal, ancestors: [] });
  });

  it('a scope of another release gives nothing', async () => {
    const { secret, id } = await createToken(database, { workspace: 'demo', name: 'a' });
    await database.pool.query(`update tokens set scopes = '{read,teleport}' where id = $1`, [id]);
    expect(await authenticator.authenticate(bearer(secret))).toMatchObject({ principal: { scopes: ['read'] } });
  });

  it('what is no valid token is refused, and tells nothing', async () => {
    const expired = await createToken(database, { workspace: 'demo', name: 'a', expiresAt: new Date(Date.now() - 1000) });
    const revoked = await createToken(database, { workspace: 'demo', name: 'a' });
    await revokeToken(database, 'demo', revoked.id);
    const answers = await Promise.all(
      [expired.secret, revoked.secret, `rnl_${'x'.repeat(43)}`, 'rnl_'].map(async (secret) => authenticator.authenticate(bearer(secret))),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]?.kind).toBe('refused');
    expect(await kindOf('Basic ZGVtbzpkZW1v')).toBe('refused');
  });

  it('a revocation passes through what is remembered, at once', async () => {
    const { secret, id } = await createToken(database, { workspace: 'demo', name: 'a' });
    const other = await createToken(database, { workspace: 'demo', name: 'b' });
    expect(await remembers(secret)).toBe(true);
    expect(await remembers(other.secret)).toBe(true);
    await revokeToken(database, 'demo', id);
    // It travels on another connection: well within the five seconds that a token is believed.
    await eventually('the revocation is heard', async () => (await kindOf(bearer(secret))) === 'refused', 2000);
    expect(authenticator.authenticate(bearer(other.secret))).not.toBeInstanceOf(Promise);
  });

  it('nothing is remembered while revocations are not heard', async () => {
    const { secret } = await createToken(database, { workspace: 'demo', name: 'a' });
    expect(await remembers(secret)).toBe(true);
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'runnel-revocations' and datname = current_database()`,
    );
    await eventually('it asks again', () => authenticator.authenticate(bearer(secret)) instanceof Promise);
    expect(await remembers(secret)).toBe(true);
  });
});
