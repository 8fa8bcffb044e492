import type { Readable } from 'node:stream';

/** The bytes of a body, piece by piece. */
export function chunksOf(body: Buffer | string | Readable): AsyncIterable<Buffer> | Iterable<Buffer> {
  if (typeof body === 'string') return [Buffer.from(body)];
  if (Buffer.isBuffer(body)) return [body];
  return buffersOf(body);
}

async function* buffersOf(body: Readable): AsyncIterable<Buffer> {
  for await (const chunk of body as AsyncIterable<unknown>) {
    if (typeof chunk === 'string') yield Buffer.from(chunk);
    else if (chunk instanceof Uint8Array) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    else throw new TypeError('the body of an object is bytes');
  }
}
