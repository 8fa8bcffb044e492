import { createHash, randomUUID, type Hash } from 'node:crypto';
import type { PutObjectCommandInput } from '@aws-sdk/client-s3';
import { ChecksumMismatch, ObjectTooLarge } from '../errors.ts';
import { mediaTypeOf } from '../media-types.ts';
import type { ObjectInfo, PutOptions } from '../store.ts';
import type { S3Connection } from './connection.ts';
import { checkConditions, ourMark, underConditions, type Target } from './conditions.ts';
import { head } from './read.ts';

/** Smallest part of an upload; 10,000 parts are the most. */
const mebi = 1024 * 1024;
const smallestPart = 8 * mebi;
const mostParts = 10_000;
/** Parts on their way at a time: what a put may hold in memory. */
const inFlight = 4;

/** One request where the body is small, else parts; nothing is seen of it before it is whole, checked and its conditions hold. */
export async function put(
  s3: S3Connection,
  key: string,
  body: Iterable<Buffer> | AsyncIterable<Buffer>,
  options: PutOptions & { size?: number },
): Promise<ObjectInfo> {
  const target: Target = { key, type: options.contentType ?? mediaTypeOf(key), mark: randomUUID(), options };
  if (options.size !== undefined && options.maxBytes !== undefined && options.size > options.maxBytes)
    throw new ObjectTooLarge(key, options.maxBytes);
  const parts = piecesOf(key, body, options);
  try {
    const first = (await parts.next()).value ?? { bytes: Buffer.alloc(0), last: true };
    return await (first.last ? putWhole(s3, target, first.bytes) : putParts(s3, target, first.bytes, parts));
  } finally {
    // Whoever sends the rest of a body that is refused learns of it.
    await parts.return(undefined);
  }
}

interface Piece {
  bytes: Buffer;
  last: boolean;
}

/** The body in parts of equal size; ends with an error where it is too long or not the one announced, before its last part is given. */
async function* piecesOf(
  key: string,
  body: Iterable<Buffer> | AsyncIterable<Buffer>,
  { sha256, maxBytes, size }: PutOptions & { size?: number },
): AsyncGenerator<Piece, undefined> {
  const partBytes = Math.max(smallestPart, Math.ceil((size ?? maxBytes ?? 0) / mostParts));
  const most = Math.min(maxBytes ?? Infinity, partBytes * mostParts);
  const hash = sha256 === undefined ? undefined : createHash('sha256');
  let held: Buffer[] = [];
  let heldBytes = 0;
  let total = 0;
  for await (const chunk of body) {
    total += chunk.length;
    if (total > most) throw new ObjectTooLarge(key, most);
    hash?.update(chunk);
    // A part goes out when more is known to come, so that the last one is known as such.
    for (let rest = chunk; rest.length > 0;) {
      if (heldBytes === partBytes) {
        yield { bytes: joined(held), last: false };
        held = [];
        heldBytes = 0;
      }
      const taken = rest.subarray(0, partBytes - heldBytes);
      held.push(taken);
      heldBytes += taken.length;
      rest = rest.subarray(taken.length);
    }
  }
  checkSum(key, sha256, hash);
  yield { bytes: joined(held), last: true };
  return undefined;
}

const joined = (chunks: Buffer[]): Buffer => (chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));

function checkSum(key: string, expected: string | undefined, hash: Hash | undefined): void {
  const found = hash?.digest('hex');
  if (expected !== undefined && found !== undefined && found !== expected) throw new ChecksumMismatch(key, expected, found);
}

async function putWhole(s3: S3Connection, target: Target, body: Buffer): Promise<ObjectInfo> {
  const { key, type, mark, options } = target;
  const input: PutObjectCommandInput = {
    ...s3.at(key),
    Body: body,
    ContentLength: body.length,
    ContentType: type,
    Metadata: { [ourMark]: mark },
    ...(options.sha256 === undefined ? {} : { ChecksumSHA256: base64Of(options.sha256) }),
  };
  const { ETag: etag = '' } = await underConditions(s3, target, (conditions) =>
    s3.call(key, (client) => client.send(new s3.sdk.PutObjectCommand({ ...input, ...conditions }))),
  );
  return written(s3, target, etag, body.length);
}

async function putParts(s3: S3Connection, target: Target, first: Buffer, rest: AsyncIterable<Piece>): Promise<ObjectInfo> {
  const { key, type, mark } = target;
  await checkConditions(s3, key, target.options);
  const { UploadId: uploadId = '' } = await s3.guarded(key, (client) =>
    client.send(new s3.sdk.CreateMultipartUploadCommand({ ...s3.at(key), ContentType: type, Metadata: { [ourMark]: mark } })),
  );
  try {
    const { etags, size } = await sendParts(s3, key, uploadId, first, rest);
    const parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
    const { ETag: etag = '' } = await underConditions(s3, target, (conditions) =>
      s3.call(key, (client) =>
        client.send(
          new s3.sdk.CompleteMultipartUploadCommand({
            ...s3.at(key),
            UploadId: uploadId,
            MultipartUpload: { Parts: parts },
            ...conditions,
          }),
        ),
      ),
    );
    return await written(s3, target, etag, size);
  } catch (error) {
    await abort(s3, key, uploadId);
    throw error;
  }
}

async function sendParts(
  s3: S3Connection,
  key: string,
  uploadId: string,
  first: Buffer,
  rest: AsyncIterable<Piece>,
): Promise<{ etags: string[]; size: number }> {
  const etags: string[] = [];
  const underWay = new Set<Promise<void>>();
  let number = 0;
  let size = 0;
  const send = async (bytes: Buffer): Promise<void> => {
    const part = ++number;
    size += bytes.length;
    const sending = s3
      .guarded(key, (client) =>
        client.send(
          new s3.sdk.UploadPartCommand({ ...s3.at(key), UploadId: uploadId, PartNumber: part, Body: bytes, ContentLength: bytes.length }),
        ),
      )
      .then(({ ETag: etag = '' }) => void (etags[part - 1] = etag))
      .finally(() => underWay.delete(sending));
    // Its fault is met below; until then it is not to count as unhandled.
    sending.catch(() => undefined);
    underWay.add(sending);
    if (underWay.size >= inFlight) await Promise.race(underWay);
  };
  try {
    await send(first);
    for await (const { bytes } of rest) await send(bytes);
    await Promise.all(underWay);
  } finally {
    // A part that comes after the abort would stay for ever.
    await Promise.allSettled(underWay);
  }
  return { etags, size };
}

async function abort(s3: S3Connection, key: string, uploadId: string): Promise<void> {
  // Else swept when a store is opened next: the fault that led here is what counts.
  await s3
    .call(key, (client) => client.send(new s3.sdk.AbortMultipartUploadCommand({ ...s3.at(key), UploadId: uploadId })))
    .catch(() => undefined);
}

/** What stands there now; another writer may have been faster than our look, then it is told from what we sent. */
async function written(s3: S3Connection, { key, type, options }: Target, etag: string, size: number): Promise<ObjectInfo> {
  const told = { key, size, etag, modifiedAt: new Date(), contentType: type };
  if (options.derived) return told;
  const present = await head(s3, key);
  return present?.etag === etag ? present : told;
}

export const base64Of = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
