import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Keeps secrets so that the database alone is worth nothing: AES-256-GCM, bound to the place where each stands. */
export interface SecretSeal {
  /** `place`: `{workspace}/{name}`, or `{run}/{reference}`; it must be given again to open. */
  seal(place: string, value: string): Buffer;
  /** Throws where none of the keys fits, or where it stood elsewhere. */
  open(place: string, sealed: Buffer): string;
}

const version = 1;
const [ivBytes, tagBytes] = [12, 16];

/** The first key seals, each of them opens: a new key is put before the old one, which goes when all secrets were set again. */
export function openSeal(keys: readonly string[]): SecretSeal {
  const derived = keys.map((key) => Buffer.from(hkdfSync('sha256', key, 'runnel', 'secrets of workspaces', 32)));
  const [first] = derived;
  if (!first) throw new Error('a seal needs a key');
  return {
    seal(place, value) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', first, iv).setAAD(Buffer.from(place));
      const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.from([version]), iv, cipher.getAuthTag(), text]);
    },
    open(place, sealed) {
      if (sealed[0] !== version) throw new SealBroken(place);
      const iv = sealed.subarray(1, 1 + ivBytes);
      const tag = sealed.subarray(1 + ivBytes, 1 + ivBytes + tagBytes);
      for (const key of derived) {
        const cipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(place)).setAuthTag(tag);
        try {
          return Buffer.concat([cipher.update(sealed.subarray(1 + ivBytes + tagBytes)), cipher.final()]).toString('utf8');
        } catch {
          // Sealed with another of the keys.
        }
      }
      throw new SealBroken(place);
    },
  };
}

/** It was sealed with a key that is not configured any more, or changed. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
  constructor(place: string) {
    super(`the secret ${place} cannot be read with any of the configured keys (RUNNEL_SECRETS_KEYS): set it again`);
  }
}
