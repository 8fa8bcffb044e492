import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a run's tools hold to reach data of the workspace it executes in: signed, not stored, and good only while the run is under way. */
export interface RunClaim {
  readonly run: string;
  /** Where the run executes. */
  readonly workspace: string;
  /** Milliseconds since 1970 after which it is worth nothing, whatever the run does. */
  readonly expires: number;
}

const mark = 'rnr_';
const pattern = /^rnr_([A-Za-z0-9_-]{1,1000})\.([A-Za-z0-9_-]{43})$/;

/** Signed with the key that executors and api share. */
export function signRunToken(key: string, claim: RunClaim): string {
  const body = Buffer.from(JSON.stringify([claim.run, claim.workspace, claim.expires])).toString('base64url');
  return `${mark}${body}.${signatureOf(key, body).toString('base64url')}`;
}

/** Undefined for what is not signed with this key, and for what has expired. */
export function readRunToken(key: string, token: string, now: number): RunClaim | undefined {
  const [, body, signature] = pattern.exec(token) ?? [];
  if (body === undefined || signature === undefined) return undefined;
  if (!timingSafeEqual(signatureOf(key, body), Buffer.from(signature, 'base64url'))) return undefined;
  const [run, workspace, expires] = JSON.parse(Buffer.from(body, 'base64url').toString()) as [string, string, number];
  return expires > now ? { run, workspace, expires } : undefined;
}

export const looksLikeRunToken = (text: string): boolean => text.startsWith(mark);

function signatureOf(key: string, body: string): Buffer {
  return createHmac('sha256', key).update(body).digest();
}
