import { ObjectNotFound, ObjectStoreMisconfigured, ObjectStoreUnavailable } from '../errors.ts';

/** What the SDK's errors have in common, read with care: some come from sockets. */
interface Fault {
  name: string;
  status: number | undefined;
  /** Requests that were sent, the last one included. */
  attempts: number;
}

export function faultOf(error: unknown): Fault {
  const { name = '', $metadata } = (error ?? {}) as { name?: string; $metadata?: { httpStatusCode?: number; attempts?: number } };
  return { name, status: $metadata?.httpStatusCode, attempts: $metadata?.attempts ?? 1 };
}

/** Whether the store answered, and the answer is about the request: that is no failure of the store. */
export function isAnswer(error: unknown): boolean {
  const { status } = faultOf(error);
  return status !== undefined && status < 500 && status !== 429 && status !== 408;
}

const wrongCredentials = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'CredentialsProviderError',
  'TokenRefreshRequired',
  'XAdminUserNotFound',
]);

/** Says in the store's words what a call's failure on `key` means; what is none of the store's (a body that broke off) stays as it is. */
export function explain(uri: string, key: string, error: unknown): unknown {
  const { name, status } = faultOf(error);
  if (name === 'NoSuchKey' || name === 'NotFound') return new ObjectNotFound(key);
  if (name === 'NoSuchBucket') return new ObjectStoreMisconfigured(`object store ${uri}: there is no such bucket`, { cause: error });
  if (wrongCredentials.has(name))
    return new ObjectStoreMisconfigured(`object store ${uri}: no valid credentials (${name})`, { cause: error });
  if (status === 403) return new ObjectStoreUnavailable(`object store ${uri}: access denied to ${key || 'the bucket'}`, { cause: error });
  const reason = error instanceof Error ? error.message : String(error);
  return new ObjectStoreUnavailable(`object store ${uri}: ${status === undefined ? '' : `${status} `}${name}: ${reason}`, { cause: error });
}
