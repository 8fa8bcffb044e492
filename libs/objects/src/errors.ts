/** The key breaks the rules of `checkKey`, or cannot stand beside the keys that are there (see the adapter). */
export class InvalidKey extends Error {
  override readonly name = 'InvalidKey';
}

export class ObjectNotFound extends Error {
  override readonly name = 'ObjectNotFound';
  readonly key: string;
  constructor(key: string) {
    super(`there is no object ${key}`);
    this.key = key;
  }
}

/** The present object is not the one the caller named with ifMatch or ifNoneMatch (RFC 9110 §13). */
export class PreconditionFailed extends Error {
  override readonly name = 'PreconditionFailed';
  /** ETag of the present object; absent where there is none. */
  readonly etag: string | undefined;
  constructor(key: string, etag: string | undefined) {
    super(etag === undefined ? `there is no object ${key}` : `the object ${key} is another one: its etag is ${etag}`);
    this.etag = etag;
  }
}

export class ChecksumMismatch extends Error {
  override readonly name = 'ChecksumMismatch';
  constructor(key: string, expected: string, found: string) {
    super(`the body sent for ${key} has sha256 ${found}, announced was ${expected}`);
  }
}

export class ObjectTooLarge extends Error {
  override readonly name = 'ObjectTooLarge';
  /** Bytes. */
  readonly limit: number;
  constructor(key: string, limit: number) {
    super(`${key} is larger than ${limit} bytes`);
    this.limit = limit;
  }
}

/** The range begins behind the object's end (RFC 9110 §15.5.17). */
export class RangeNotSatisfiable extends Error {
  override readonly name = 'RangeNotSatisfiable';
  /** Bytes of the whole object. */
  readonly size: number;
  constructor(key: string, size: number) {
    super(`the range asked for begins behind the end of ${key}, which has ${size} bytes`);
    this.size = size;
  }
}

/** The store cannot serve now (full, away, broken); the same call may succeed later. */
export class ObjectStoreUnavailable extends Error {
  override readonly name = 'ObjectStoreUnavailable';
  readonly service = 'the object store';
  /** Seconds. */
  readonly retryAfter = 2;
}

/** The address of the store is wrong; no retry helps. */
export class ObjectStoreMisconfigured extends Error {
  override readonly name = 'ObjectStoreMisconfigured';
}
