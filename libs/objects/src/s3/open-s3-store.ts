import { createReadStream } from 'node:fs';
import { constants, open, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { ObjectStoreMisconfigured, ObjectStoreUnavailable, ObjectTooLarge, PreconditionFailed } from '../errors.ts';
import { chunksOf } from '../body-chunks.ts';
import { checkKey, checkPrefix } from '../keys.ts';
import type { ObjectInfo, ObjectStore, PutOptions } from '../store.ts';
import type { S3Address } from './address.ts';
import { connectS3, type S3Connection } from './connection.ts';
import { copy } from './copy.ts';
import { directAccess } from './direct.ts';
import { faultOf } from './faults.ts';
import { get, getBytes, head, materialize } from './read.ts';
import { sweep } from './sweep.ts';
import { put } from './write.ts';

/** Written to see that the store can be; keys never begin with a dot. */
const marker = '.runnel-store';
/** Milliseconds for which a write is taken as proof that the store can be written. */
const writableFor = 60_000;

/**
 * Objects in a bucket of anything that speaks S3. Etags are the store's: putting the same content again may give the same one. Rejects with
 * ObjectStoreMisconfigured where bucket or credentials are wrong, with ObjectStoreUnavailable where the store is away.
 */
export async function openS3Store(address: S3Address): Promise<ObjectStore> {
  const s3 = await connectS3(address);
  await s3
    .guarded('', (client) => client.send(new s3.sdk.HeadBucketCommand({ Bucket: address.bucket })))
    .catch((error: unknown) => {
      // A HEAD has no body that could say what is missing.
      if (error instanceof Error && error.name === 'ObjectNotFound')
        throw new ObjectStoreMisconfigured(`object store ${s3.uri}: there is no such bucket`, { cause: error });
      throw error;
    });
  await sweep(s3, Date.now());
  const checked = (key: string): string => {
    checkKey(key);
    return key;
  };
  let writtenAt = -Infinity;
  return {
    uri: s3.uri,
    put: async (key, body, options = {}) => put(s3, checked(key), chunksOf(body), { ...options, ...sizeOf(body) }),
    get: async (key, range) => get(s3, checked(key), range),
    getBytes: async (key, maxBytes) => getBytes(s3, checked(key), maxBytes),
    head: async (key) => head(s3, checked(key)),
    list: (prefix) => list(s3, prefix),
    copy: async (from, to) => copy(s3, checked(from), checked(to)),
    delete: async (key, options = {}) => remove(s3, checked(key), options.ifMatch),
    materialize: async (key, path) => materialize(s3, checked(key), path),
    putFile: async (key, path, options = {}) => putFile(s3, checked(key), path, options),
    ping: async () => {
      if (performance.now() - writtenAt < writableFor) return void (await head(s3, marker));
      await put(s3, marker, [Buffer.from('An object store of Runnel: change nothing here by hand.\n')], { derived: true });
      writtenAt = performance.now();
    },
    direct: await directAccess(s3),
  };
}

async function* list(s3: S3Connection, prefix: string): AsyncGenerator<ObjectInfo> {
  checkPrefix(prefix);
  const { Bucket, Key: Prefix } = s3.at(prefix);
  for (let token: string | undefined, more = true; more;) {
    const page = await s3.guarded(prefix, (client) =>
      client.send(new s3.sdk.ListObjectsV2Command({ Bucket, Prefix, ...(token === undefined ? {} : { ContinuationToken: token }) })),
    );
    for (const { Key = '', Size = 0, ETag = '', LastModified } of page.Contents ?? []) {
      const key = Key.slice(s3.address.prefix.length);
      // Our own marker, and the folders that other programs make as empty objects.
      if (!key.startsWith('.') && !key.endsWith('/')) yield { key, size: Size, etag: ETag, modifiedAt: LastModified ?? new Date(0) };
    }
    token = page.NextContinuationToken;
    more = page.IsTruncated === true && token !== undefined;
  }
}

async function remove(s3: S3Connection, key: string, ifMatch: string | undefined): Promise<void> {
  if (ifMatch !== undefined) {
    const present = await head(s3, key);
    if (!present) return;
    if (present.etag !== ifMatch) throw new PreconditionFailed(key, present.etag);
  }
  try {
    await s3.call(key, (client) =>
      client.send(new s3.sdk.DeleteObjectCommand({ ...s3.at(key), ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }) })),
    );
  } catch (error) {
    const { status } = faultOf(error);
    if (status === 404) return;
    if (status === 412) throw new PreconditionFailed(key, (await head(s3, key))?.etag);
    await s3.guarded(key, () => Promise.reject(error instanceof Error ? error : new Error(String(error))));
  }
}

async function putFile(s3: S3Connection, key: string, path: string, options: PutOptions & { move?: boolean }): Promise<ObjectInfo> {
  // Not through a link, and without waiting for the other end of a tool's FIFO.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: unknown) => {
    throw new Error(`cannot store ${path}`, { cause: error });
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error(`${path} is not a regular file`);
    if (options.maxBytes !== undefined && stats.size > options.maxBytes) throw new ObjectTooLarge(key, options.maxBytes);
    const body = createReadStream(path, { fd: file, autoClose: false, start: 0, highWaterMark: 1024 * 1024 });
    const info = await put(s3, key, body, { ...options, size: stats.size });
    if (info.size !== stats.size) throw new ObjectStoreUnavailable(`${path} was changed while it was stored`);
    if (options.move) await rm(path);
    return info;
  } finally {
    await file.close();
  }
}

function sizeOf(body: Buffer | string | Readable): { size?: number } {
  return typeof body === 'string' || Buffer.isBuffer(body) ? { size: Buffer.byteLength(body) } : {};
}
