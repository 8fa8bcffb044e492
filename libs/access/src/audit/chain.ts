import { createHash } from 'node:crypto';
import type { StoredEntry } from './entries.ts';

/** What a seal is about: all entries after the seal before it, up to one. */
export interface Sealed {
  /** From 1, without gaps. */
  readonly number: string;
  readonly lastSeq: string;
  /** SHA-256 over the seal before it, itself and its entries. */
  readonly digest: Buffer;
}

/** What the first seal stands on. */
export const beginning: Sealed = { number: '0', lastSeq: '0', digest: Buffer.alloc(32) };

/** Digest of the seal that follows `previous`; pure. Any change of an entry, of their order or of an earlier seal makes it another one. */
export function sealDigest(previous: Buffer, seal: Omit<Sealed, 'digest'>, entries: readonly StoredEntry[]): Buffer {
  const hash = createHash('sha256').update(previous).update(`\n${seal.number} ${seal.lastSeq}\n`);
  for (const entry of entries) hash.update(`${lineOf(entry)}\n`);
  return hash.digest();
}

/** One text per entry and one entry per text. */
function lineOf(entry: StoredEntry): string {
  const { seq, at, workspace, caller, principal, action, allowed, reason, method, target, request, address, times } = entry;
  return JSON.stringify([
    seq,
    at.toISOString(),
    workspace,
    caller,
    principal,
    action,
    allowed,
    reason,
    method,
    target,
    request,
    address,
    times,
  ]);
}
