import type { Readable } from 'node:stream';

/** What is known of an object. */
export interface ObjectInfo {
  key: string;
  /** Bytes. */
  size: number;
  /** Quoted strong entity tag (RFC 9110 §8.8.3); changes with the content. */
  etag: string;
  modifiedAt: Date;
  contentType?: string;
}

export interface PutOptions {
  contentType?: string;
  /** Lower-case hex sha256 of the whole body; a body that differs is refused with ChecksumMismatch and nothing is stored. */
  sha256?: string;
  /** Only where the present object has this etag (`*`: any); else PreconditionFailed. */
  ifMatch?: string;
  /** `*`: only where there is no object; else PreconditionFailed. */
  ifNoneMatch?: '*';
  /** Bytes; a longer body is refused with ObjectTooLarge and nothing is stored. */
  maxBytes?: number;
  /** The key says what is in it (a checksum, a run and its step): whoever else writes it writes the same, and nobody waits for anybody. */
  derived?: true;
  /** `false`: made again where a power failure takes it, so the put does not wait for the disk. */
  durable?: false;
}

export interface ByteRange {
  /** First byte, from 0. */
  start: number;
  /** Last byte, inclusive; absent: to the end. */
  end?: number;
}

/**
 * Objects by key. Keys are relative, `/`-separated, start with the workspace, and never contain `..`, empty segments or control characters
 * (InvalidKey). A put is atomic: readers see the old object or the new one. Faults of the store itself reject with ObjectStoreUnavailable.
 */
export interface ObjectStore {
  /** `file:///…/` or `s3://bucket/prefix/`, ends with a slash; the address of an object is uri + key. */
  readonly uri: string;
  put(key: string, body: Buffer | string | Readable, options?: PutOptions): Promise<ObjectInfo>;
  /** Rejects with ObjectNotFound, RangeNotSatisfiable. A body that is not read to its end must be destroyed. */
  get(key: string, range?: ByteRange): Promise<{ info: ObjectInfo; body: Readable }>;
  /** The whole object in memory; rejects with ObjectTooLarge over `maxBytes`. */
  getBytes(key: string, maxBytes: number): Promise<Buffer>;
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Objects whose keys begin with the prefix, in C-locale order of the keys, streamed; without `contentType`. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Server-side where the store can. Rejects with ObjectNotFound. */
  copy(from: string, to: string, options?: Pick<PutOptions, 'derived'>): Promise<ObjectInfo>;
  /** Idempotent. With `ifMatch` only the object that has this etag; rejects with PreconditionFailed where another one stands there. */
  delete(key: string, options?: { ifMatch?: string }): Promise<void>;
  /**
   * Brings the object to a local path that is free, with mode 0444: a hard link where possible, else a copy. A reader that has the uid of the
   * store's owner could make a link writable: for it, `link: false`.
   */
  materialize(key: string, path: string, how?: { link?: boolean }): Promise<void>;
  /**
   * Stores a local regular file (a link or device is refused). With `move` the caller gives the file up: it is gone afterwards, and its bytes
   * are not copied where that can be avoided.
   */
  putFile(key: string, path: string, options?: PutOptions & { move?: boolean }): Promise<ObjectInfo>;
  /** Resolves when the store can be read and written; rejects with ObjectStoreUnavailable. */
  ping(): Promise<void>;
  /** Absent where nobody but this store's own process can reach its objects. */
  readonly direct?: DirectAccess;
}

/** A presigned request; its headers are part of the signature. */
export interface SignedRequest {
  url: string;
  headers: Record<string, string>;
}

/**
 * Requests that others, who have no credentials, make to the store themselves, at the address it has for them; they hold for 15 minutes. Keys
 * are not checked again: name none that the caller of the request has no right to. Checksums are lower-case hex sha256.
 */
export interface DirectAccess {
  signGets(keys: readonly string[]): Promise<SignedRequest[]>;
  /** The store takes exactly a body of this checksum and size. */
  signPuts(puts: readonly { key: string; sha256: string; size: number }[]): Promise<SignedRequest[]>;
  /** Begins an upload in parts and returns its id. */
  beginParts(key: string): Promise<string>;
  /** One PUT per part, in order, each for the body of that checksum; the ETag of its answer is wanted by `completeParts`. */
  signParts(key: string, uploadId: string, sha256s: readonly string[]): Promise<SignedRequest[]>;
  /** Makes the parts one object; twice is once. */
  completeParts(key: string, upload: { uploadId: string; parts: readonly { etag: string; sha256: string }[]; size: number }): Promise<void>;
}
