import { createHash } from 'node:crypto';

/** Namespace of billing events: UUIDv5 of the DNS name `runnel.billing` in the namespace of DNS names (RFC 9562, section 6.6). */
const namespace = uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'runnel.billing');

/** The same for every copy of an event (contract of the EODH face, section 3.1): of `{workspace}-{sku}-{start}`. */
export function billingUuid(workspace: string, sku: string, start: Date): string {
  return uuidV5(namespace, `${workspace}-${sku}-${start.toISOString()}`);
}

/** RFC 9562, section 5.5. */
export function uuidV5(space: string, name: string): string {
  const hash = createHash('sha1')
    .update(Buffer.from(space.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
    .subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
