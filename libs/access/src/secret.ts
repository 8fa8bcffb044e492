import { hash, randomBytes } from 'node:crypto';

/** Begins every secret, so that scanners of leaked secrets recognise it. */
const mark = 'rnl_';
const pattern = /^rnl_[A-Za-z0-9_-]{43}$/;

/** 256 random bits: a fast hash is enough to keep them. */
export function newSecret(): string {
  return mark + randomBytes(32).toString('base64url');
}

/** What is looked up instead of the secret, in hex: each request needs it, and as text it takes a fifth of the time. Comparing hashes tells nothing of the secret by its timing. */
export function digestOf(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/** The same as it is stored. */
export function hashSecret(secret: string): Buffer {
  return Buffer.from(digestOf(secret), 'hex');
}

/** Whether a text can be a secret at all: others are refused without asking the database. */
export function looksLikeSecret(text: string): boolean {
  return pattern.test(text);
}

/** Three parts with dots between, of which the first is a JSON object: what an identity provider signs. */
export function looksLikeJwt(text: string): boolean {
  return text.length <= 16_384 && /^eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/.test(text);
}
