import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { tokenVerifier } from './verify-token.ts';

const now = 1_800_000_000;
const good = { aud: ['runnel-staging'], exp: now + 600, 'kubernetes.io': { namespace: 'ws-demo', pod: { name: 'rn-a', uid: 'u' } } };
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
const keySet = { keys: [{ ...rsa.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig' }] };

function token(claims: object, { kid = 'one', alg = 'RS256', key = rsa.privateKey } = {}): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg, kid })}.${part(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

const verify = tokenVerifier(
  () => Promise.resolve(keySet),
  'runnel-staging',
  () => now * 1000,
);

describe('a service-account token', () => {
  it('says whose it is', async () => {
    expect(await verify(token(good))).toEqual({ namespace: 'ws-demo', pod: 'rn-a' });
  });

  it.each<[string, string]>([
    ['another audience', token({ ...good, aud: 'https://kubernetes.default.svc' })],
    ['expired', token({ ...good, exp: now - 3600 })],
    ['not valid yet', token({ ...good, nbf: now + 3600 })],
    ['bound to no pod', token({ ...good, 'kubernetes.io': { namespace: 'ws-demo' } })],
    ['signed by another key', token(good, { key: other.privateKey })],
    ['of an unknown key', token(good, { kid: 'two' })],
    ['unsigned', token(good, { alg: 'none' })],
    ['altered', token(good).replace(/^[^.]+\.[^.]+/, (signed) => signed.slice(0, -2) + 'AA')],
    ['no token', 'a.b'],
  ])('is refused: %s', async (_name, given) => {
    expect(await verify(given)).toBeUndefined();
  });

  it('of a new key makes it look for keys again, not at the pace of the callers', async () => {
    let at = now * 1000;
    let asked = 0;
    const sets = [{ keys: [] }, keySet];
    const fetchKeys = (): Promise<unknown> => Promise.resolve(sets[Math.min(asked++, 1)]);
    const rotating = tokenVerifier(fetchKeys, 'runnel-staging', () => at);
    expect(await rotating(token(good))).toBeUndefined();
    expect(await rotating(token(good))).toBeUndefined();
    expect(asked).toBe(1);
    at += 11_000;
    expect(await rotating(token(good))).toBeDefined();
  });
});
