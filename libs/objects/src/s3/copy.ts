import type { CompletedPart } from '@aws-sdk/client-s3';
import { ObjectNotFound } from '../errors.ts';
import { mediaTypeOf } from '../media-types.ts';
import type { ObjectInfo } from '../store.ts';
import type { S3Connection } from './connection.ts';
import { head } from './read.ts';

/** Bytes that one CopyObject may copy, and of each part of a larger object. */
const mostAtOnce = 5 * 1024 ** 3;
const partBytes = 512 * 1024 ** 2;

/** In the store, without the bytes coming here. A type that was given goes along; else the new name tells it. */
export async function copy(s3: S3Connection, from: string, to: string): Promise<ObjectInfo> {
  const source = await head(s3, from);
  if (!source) throw new ObjectNotFound(from);
  const type = source.contentType === undefined || source.contentType === mediaTypeOf(from) ? mediaTypeOf(to) : source.contentType;
  const place = { CopySource: sourceOf(s3, from), CopySourceIfMatch: source.etag };
  if (source.size > mostAtOnce) await copyParts(s3, to, source, type, place);
  else
    await s3.guarded(from, (client) =>
      // REPLACE, for else an object could not be copied onto itself.
      client.send(new s3.sdk.CopyObjectCommand({ ...s3.at(to), ...place, ContentType: type, MetadataDirective: 'REPLACE' })),
    );
  const copied = await head(s3, to);
  if (!copied) throw new ObjectNotFound(to);
  return copied;
}

async function copyParts(
  s3: S3Connection,
  to: string,
  source: ObjectInfo,
  type: string,
  place: { CopySource: string; CopySourceIfMatch: string },
): Promise<void> {
  const { UploadId: uploadId = '' } = await s3.guarded(to, (client) =>
    client.send(new s3.sdk.CreateMultipartUploadCommand({ ...s3.at(to), ContentType: type })),
  );
  const upload = { ...s3.at(to), UploadId: uploadId };
  try {
    const parts: CompletedPart[] = [];
    for (let start = 0; start < source.size; start += partBytes) {
      const number = parts.length + 1;
      const range = `bytes=${start}-${Math.min(start + partBytes, source.size) - 1}`;
      const { CopyPartResult: part } = await s3.guarded(source.key, (client) =>
        client.send(new s3.sdk.UploadPartCopyCommand({ ...upload, ...place, PartNumber: number, CopySourceRange: range })),
      );
      parts.push({ PartNumber: number, ETag: part?.ETag });
    }
    await s3.guarded(to, (client) =>
      client.send(new s3.sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } })),
    );
  } catch (error) {
    await s3.call(to, (client) => client.send(new s3.sdk.AbortMultipartUploadCommand(upload))).catch(() => undefined);
    throw error;
  }
}

function sourceOf(s3: S3Connection, key: string): string {
  const { Bucket, Key } = s3.at(key);
  return `${Bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`;
}
