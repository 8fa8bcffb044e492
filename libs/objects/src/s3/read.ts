import { createWriteStream } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { GetObjectCommandOutput, HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { ObjectNotFound, ObjectStoreUnavailable, ObjectTooLarge, RangeNotSatisfiable } from '../errors.ts';
import { mediaTypeOf } from '../media-types.ts';
import type { ByteRange, ObjectInfo } from '../store.ts';
import type { S3Connection } from './connection.ts';
import { faultOf } from './faults.ts';

/** How often a body that broke off is taken up again without this many bytes in between. */
const mostResumptions = 3;
const progress = 1024 * 1024;

export async function head(s3: S3Connection, key: string): Promise<ObjectInfo | undefined> {
  try {
    const answer = await s3.guarded(key, (client) => client.send(new s3.sdk.HeadObjectCommand(s3.at(key))));
    return infoOf(key, answer, answer.ContentLength);
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    throw error;
  }
}

/** The body is counted and taken up again where it breaks off: it ends after the announced bytes of one and the same object, or fails. */
export async function get(s3: S3Connection, key: string, range: ByteRange | undefined): Promise<{ info: ObjectInfo; body: Readable }> {
  const first = await open(s3, key, { start: range?.start ?? 0, end: range?.end, whole: range === undefined });
  return { info: first.info, body: Readable.from(bytesOf(s3, first), { objectMode: false, highWaterMark: 256 * 1024 }) };
}

export async function getBytes(s3: S3Connection, key: string, maxBytes: number): Promise<Buffer> {
  const { info, body } = await get(s3, key, undefined);
  if (info.size > maxBytes) {
    body.destroy();
    throw new ObjectTooLarge(key, maxBytes);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks, info.size);
}

/** Never leaves a part of an object at the path. */
export async function materialize(s3: S3Connection, key: string, path: string): Promise<void> {
  const { body } = await get(s3, key, undefined);
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600, highWaterMark: 1024 * 1024 });
  let made = false;
  file.once('open', () => (made = true));
  try {
    await pipeline(body, file);
    await chmod(path, 0o444);
  } catch (error) {
    // What stood there before is not ours to remove.
    if (made) await rm(path, { force: true });
    throw error;
  }
}

interface Opened {
  info: ObjectInfo;
  source: Readable;
  /** Of the object: the next byte, and the one behind the last. */
  at: number;
  end: number;
}

async function open(
  s3: S3Connection,
  key: string,
  wanted: { start: number; end?: number | undefined; whole: boolean; etag?: string },
): Promise<Opened> {
  const { start, end, whole, etag } = wanted;
  try {
    const answer = await s3.call(key, (client) =>
      client.send(
        new s3.sdk.GetObjectCommand({
          ...s3.at(key),
          ...(whole ? {} : { Range: `bytes=${start}-${end ?? ''}` }),
          ...(etag === undefined ? {} : { IfMatch: etag }),
        }),
      ),
    );
    return opened(s3, key, start, whole, answer);
  } catch (error) {
    const { name, status } = faultOf(error);
    // Some stores answer a range of an empty object with 200, others with 416.
    if (name === 'InvalidRange' || status === 416) throw new RangeNotSatisfiable(key, (await head(s3, key))?.size ?? 0);
    return s3.guarded(key, () => Promise.reject(error instanceof Error ? error : new Error(String(error))));
  }
}

function opened(s3: S3Connection, key: string, start: number, whole: boolean, answer: GetObjectCommandOutput): Opened {
  const { Body: source, ContentLength: length, ContentRange: range } = answer;
  const fault = (what: string) => new ObjectStoreUnavailable(`object store ${s3.uri}: the answer for ${key} ${what}`);
  if (!(source instanceof Readable)) throw fault('has no body');
  const [, from, to, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range ?? '') ?? [];
  // A store that does not know ranges would send the beginning for the middle.
  if ((!whole && Number(from) !== start) || length === undefined) {
    source.destroy();
    const size = Number(length);
    if (!whole && from === undefined && start >= size) throw new RangeNotSatisfiable(key, size);
    throw fault(length === undefined ? 'does not say its length' : 'is not the range that was asked for');
  }
  const info = infoOf(key, answer, whole ? length : Number(total));
  return { info, source, at: start, end: whole ? length : Number(to) + 1 };
}

async function* bytesOf(s3: S3Connection, opening: Opened): AsyncGenerator<Buffer> {
  const { key, etag } = opening.info;
  const { end } = opening;
  let { source, at } = opening;
  for (let tries = 0; at < end; tries++) {
    const before = at;
    try {
      for await (const chunk of withIdleLimit(source, s3.address.timeout)) {
        at += chunk.length;
        if (at > end) throw new ObjectStoreUnavailable(`object store ${s3.uri}: ${key} is longer than announced`);
        yield chunk;
      }
      if (at === end) return;
      throw new Error(`${end - at} bytes are missing`);
    } catch (error) {
      if (at > end || error instanceof ObjectNotFound) throw error;
      if (at - before >= progress) tries = 0;
      if (tries >= mostResumptions)
        throw new ObjectStoreUnavailable(`object store ${s3.uri}: the body of ${key} broke off at byte ${at} of ${end}`, { cause: error });
      // The etag sees to it that no other object is continued.
      ({ source } = await open(s3, key, { start: at, end: end - 1, whole: false, etag }));
    }
  }
}

async function* withIdleLimit(source: Readable, idle: number): AsyncGenerator<Buffer> {
  const chunks = (source as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  try {
    for (;;) {
      // Only while we wait: a reader of ours may take its time.
      const late = setTimeout(() => source.destroy(new Error(`no byte came for ${idle / 1000} s`)), idle);
      const next = await chunks.next().finally(() => clearTimeout(late));
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    source.destroy();
  }
}

export function infoOf(key: string, answer: HeadObjectCommandOutput | GetObjectCommandOutput, size = 0): ObjectInfo {
  return {
    key,
    size,
    etag: answer.ETag ?? '',
    modifiedAt: answer.LastModified ?? new Date(0),
    contentType: answer.ContentType ?? mediaTypeOf(key),
  };
}
