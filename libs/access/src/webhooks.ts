import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Names a repository in the address of its webhook: 16 hex digits, of the address by which the harvester reads it. */
export const hookOf = (repository: string): string => createHash('sha256').update(repository).digest('hex').slice(0, 16);

/** Key with which the webhook of a repository is signed: made of the service's secret, so that none has to be stored, and each has its own. */
export const webhookKey = (secret: string, hook: string): string => createHmac('sha256', secret).update(`webhook:${hook}`).digest('hex');

/**
 * The signature of a delivery (`X-Hub-Signature-256: sha256=…`, HMAC-SHA256 of the body in hex: GitHub, Gitea, Forgejo, Bitbucket), 32 bytes;
 * undefined where it is none, or not that of the body.
 */
export function checkedSignature(key: string, header: string, body: Uint8Array): Buffer | undefined {
  const hex = /^sha256=([0-9a-f]{64})$/i.exec(header)?.[1];
  if (hex === undefined) return undefined;
  const given = Buffer.from(hex, 'hex');
  const wanted = createHmac('sha256', key).update(body).digest();
  return timingSafeEqual(given, wanted) ? given : undefined;
}
