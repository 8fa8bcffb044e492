import { createPublicKey, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';

/** Whose token it is, as the cluster signed it. */
export interface TokenSubject {
  namespace: string;
  pod: string;
}

const Header = z.object({ alg: z.enum(['RS256', 'ES256']), kid: z.string().optional() });
const Claims = z.object({
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.number(),
  nbf: z.number().optional(),
  'kubernetes.io': z.object({ namespace: z.string(), pod: z.object({ name: z.string() }) }),
});
const KeySet = z.object({ keys: z.array(z.looseObject({ kid: z.string().optional() })) });

/** Seconds by which clocks may differ. */
const leeway = 300;
/** Milliseconds between looks for new keys. */
const lookAgain = 10_000;

/**
 * Checks service-account tokens by the cluster's public keys: no call to the API per token, and none where the API is away. Returns undefined for
 * a token that is not good for `audience`, or not bound to a pod.
 */
export function tokenVerifier(
  fetchKeys: () => Promise<unknown>,
  audience: string,
  now: () => number = Date.now,
): (token: string) => Promise<TokenSubject | undefined> {
  let keys = new Map<string, KeyObject>();
  let fetchedAt = -Infinity;
  let fetching: Promise<void> | undefined;

  const refresh = async (): Promise<void> => {
    const set = KeySet.parse(await fetchKeys());
    keys = new Map(set.keys.map((key) => [key.kid ?? '', createPublicKey({ key: key as JsonWebKey, format: 'jwk' })]));
    fetchedAt = now();
  };
  const keyFor = async (kid: string): Promise<KeyObject | undefined> => {
    // Keys are rotated: an unknown one is looked for, though not at anybody's pace.
    if (!keys.has(kid) && now() - fetchedAt > lookAgain) {
      fetching ??= refresh().finally(() => (fetching = undefined));
      await fetching;
    }
    return keys.get(kid);
  };
  return async (token) => {
    const [head, body, signature, ...rest] = token.split('.');
    if (head === undefined || body === undefined || signature === undefined || rest.length > 0) return undefined;
    const header = Header.safeParse(parsed(head));
    const claims = Claims.safeParse(parsed(body));
    if (!header.success || !claims.success) return undefined;
    const key = await keyFor(header.data.kid ?? '');
    if (key === undefined || (key.asymmetricKeyType === 'rsa') !== (header.data.alg === 'RS256')) return undefined;
    const signed = verify(
      'sha256',
      Buffer.from(`${head}.${body}`),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
    const { aud, exp, nbf = 0, 'kubernetes.io': subject } = claims.data;
    const seconds = now() / 1000;
    if (!signed || ![aud].flat().includes(audience) || exp < seconds - leeway || nbf > seconds + leeway) return undefined;
    return { namespace: subject.namespace, pod: subject.pod.name };
  };
}

function parsed(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown;
  } catch {
    return undefined;
  }
}
