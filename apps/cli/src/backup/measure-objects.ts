import { createHash, hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { ObjectNotFound, ObjectTooLarge, type ObjectStore } from '@runnel/objects';
import type { Part } from './manifest.ts';

/** Bytes of an object that is read whole: of the many that there are, streams would cost more than the disk. */
export const small = 256 * 1024;

/** Size and checksum of an object as it stands in the store; undefined where there is none. `size`: as it is supposed to be. */
export async function measureObject(store: ObjectStore, key: string, size: number): Promise<Part | undefined> {
  try {
    if (size <= small) {
      const bytes = await store.getBytes(key, small);
      return { bytes: bytes.length, sha256: hash('sha256', bytes) };
    }
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    if (!(error instanceof ObjectTooLarge)) throw error;
  }
  try {
    return await measureBody((await store.get(key)).body);
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    throw error;
  }
}

export async function measureBody(body: Buffer | Readable): Promise<Part> {
  if (Buffer.isBuffer(body)) return { bytes: body.length, sha256: hash('sha256', body) };
  const meter = createHash('sha256');
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    meter.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: meter.digest('hex') };
}
