import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { JWTVerifyGetKey } from 'jose';
import { principalOf } from './claims.ts';
import type { Holder } from './claims.ts';

/** An identity provider whose tokens are believed. */
export interface OidcOptions {
  /** As tokens name it in `iss`; its configuration is read below it. */
  readonly issuer: string;
  /** One of these has to be among a token's audiences. */
  readonly audiences: readonly string[];
  /** Seconds by which its clock may differ from ours; default 30. */
  readonly leeway?: number;
  /** Milliseconds between two looks at its keys, however many tokens name an unknown one; default 5000. */
  readonly cooldown?: number;
}

export type Verification = Holder | { readonly kind: 'refused'; readonly reason: string };

export type OidcVerifier = (token: string) => Promise<Verification & { readonly expires?: number }>;

/** Signatures with a public key alone: with a shared secret (HS256) anybody could sign with the public key, with `none` anybody at all. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** The identity provider cannot be asked for its keys now: nobody is let in and nobody is turned away for good. */
class IssuerUnavailable extends Error {
  override readonly name = 'ServiceUnavailable';
  readonly service = 'the identity provider';
  /** Seconds. */
  readonly retryAfter = 5;
}

/**
 * Verifies JSON Web Tokens (RFC 7519) of one issuer: signature, issuer, audience, expiry. Keys are read when they are needed first, when a token
 * names one that is not known (rotation), and every ten minutes. Rejects where the issuer does not answer.
 */
export function openOidc(options: OidcOptions): OidcVerifier {
  let keys: Promise<JWTVerifyGetKey> | undefined;
  const keysOf = (): Promise<JWTVerifyGetKey> => {
    const found = (keys ??= discover(options));
    // The next request asks again.
    found.catch(() => (keys = undefined));
    return found;
  };
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, await keysOf(), {
        issuer: options.issuer,
        audience: [...options.audiences],
        algorithms,
        clockTolerance: options.leeway ?? 30,
        requiredClaims: ['exp', 'sub'],
      });
      return { ...principalOf(payload), ...(payload.exp === undefined ? {} : { expires: payload.exp * 1000 }) };
    } catch (error) {
      return { kind: 'refused', reason: reasonOf(error) };
    }
  };
}

async function discover({ issuer, cooldown = 5000 }: OidcOptions): Promise<JWTVerifyGetKey> {
  const address = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
  const found: unknown = await fetch(address, { signal: AbortSignal.timeout(5000), redirect: 'error' })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`${address} answers ${answer.status}`))))
    .catch((cause: unknown) => Promise.reject(new IssuerUnavailable('the identity provider does not answer', { cause })));
  const { issuer: named, jwks_uri: uri } = found as { issuer?: unknown; jwks_uri?: unknown };
  // Who answers for another issuer would sign for it.
  if (named !== issuer || typeof uri !== 'string') throw new IssuerUnavailable(`${address} is not the configuration of ${issuer}`);
  return createRemoteJWKSet(new URL(uri), { cooldownDuration: cooldown, cacheMaxAge: 600_000, timeoutDuration: 5000 });
}

/** What its holder is told. Faults of the issuer are thrown: they are not the token's. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `the token is not for this service: its claim "${error.claim}" does not fit`;
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'the token is not valid: its key is not known';
  const own = [
    errors.JWSInvalid,
    errors.JWTInvalid,
    errors.JWSSignatureVerificationFailed,
    errors.JOSEAlgNotAllowed,
    errors.JOSENotSupported,
  ];
  if (own.some((type) => error instanceof type)) return 'the token is not valid: its signature does not fit';
  if (error instanceof IssuerUnavailable) throw error;
  throw new IssuerUnavailable('the keys of the identity provider cannot be read', { cause: error });
}
