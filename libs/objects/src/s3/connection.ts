import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type CircuitBreaker from 'opossum';
import { ObjectStoreMisconfigured, ObjectStoreUnavailable } from '../errors.ts';
import type { S3Address, S3Credentials } from './address.ts';
import { explain, isAnswer } from './faults.ts';

export type Sdk = typeof import('@aws-sdk/client-s3');

/** A store as the operations on it see it. */
export interface S3Connection {
  sdk: Sdk;
  address: S3Address;
  /** `s3://bucket/prefix/` */
  uri: string;
  /** Bucket and key as S3 has them. */
  at(key: string): { Bucket: string; Key: string };
  /** Runs a call with the client of the key's workspace. Failures reject as the SDK's, ObjectStoreUnavailable while the circuit is open. */
  call<Result>(key: string, work: (client: S3Client) => Promise<Result>): Promise<Result>;
  /** The same; failures reject as the store's errors. */
  guarded<Result>(key: string, work: (client: S3Client) => Promise<Result>): Promise<Result>;
  /** Whose signatures hold at the pods' endpoint. */
  podClient(key: string): S3Client;
}

/** Tries of one request: 5xx, 429, broken and late connections; the SDK waits longer each time. */
const maxAttempts = 4;
/** Milliseconds that a store which failed half of at least ten calls is left alone. */
const leftAlone = 5000;

interface Route {
  client: S3Client;
  podClient: S3Client;
  breaker: CircuitBreaker<[() => Promise<unknown>], unknown>;
}

/** Loads the SDK (a second, 30 MB: only where S3 is used) and makes a client and a circuit breaker per credential. */
export async function connectS3(address: S3Address): Promise<S3Connection> {
  const [sdk, { default: Breaker }] = await Promise.all([import('@aws-sdk/client-s3'), import('opossum')]);
  const uri = `s3://${address.bucket}/${address.prefix}`;
  const base = { ...baseConfig(address), ...sockets(address) };
  const routeWith = (credentials?: S3Credentials): Route => {
    const config = { ...base, ...(credentials ? { credentials: withoutUndefined(credentials) } : {}) };
    return {
      client: new sdk.S3Client({ ...config, ...(address.endpoint === undefined ? {} : { endpoint: address.endpoint }) }),
      podClient: new sdk.S3Client({ ...config, ...podEndpoint(address), requestChecksumCalculation: 'WHEN_REQUIRED' }),
      breaker: new Breaker((work: () => Promise<unknown>) => work(), {
        timeout: false,
        errorThresholdPercentage: 50,
        volumeThreshold: 10,
        resetTimeout: leftAlone,
        errorFilter: (error: unknown) => isAnswer(error),
      }),
    };
  };
  const usual = routeWith();
  const byWorkspace = new Map([...address.credentials].map(([workspace, credentials]) => [workspace, routeWith(credentials)]));
  const routeOf = (key: string) => byWorkspace.get(key.split('/', 1)[0] ?? '') ?? usual;
  const call = async <Result>(key: string, work: (client: S3Client) => Promise<Result>): Promise<Result> => {
    const { breaker, client } = routeOf(key);
    if (breaker.opened) throw new ObjectStoreUnavailable(`object store ${uri}: it failed lately and is left alone for a moment`);
    return (await breaker.fire(() => work(client))) as Result;
  };
  return {
    sdk,
    address,
    uri,
    at: (key) => ({ Bucket: address.bucket, Key: address.prefix + key }),
    call,
    guarded: (key, work) => call(key, work).catch((error: unknown) => Promise.reject(explained(uri, key, error))),
    podClient: (key) => routeOf(key).podClient,
  };
}

/** Errors of the store itself stay as they are. */
function explained(uri: string, key: string, error: unknown): Error {
  if (error instanceof Error && 'code' in error && error.code === 'EOPENBREAKER')
    return new ObjectStoreUnavailable(`object store ${uri}: it failed lately and is left alone for a moment`, { cause: error });
  if (error instanceof Error && !('$metadata' in error) && !('code' in error) && error.name.startsWith('Object')) return error;
  const told = explain(uri, key, error);
  return told instanceof Error ? told : new Error(String(told));
}

function baseConfig({ region, pathStyle }: S3Address): S3ClientConfig {
  return { region, forcePathStyle: pathStyle, maxAttempts, followRegionRedirects: true };
}

function podEndpoint({ podEndpoint: pods, endpoint }: S3Address): { endpoint?: string } {
  const address = pods ?? endpoint;
  return address === undefined ? {} : { endpoint: address };
}

function sockets({ ca, timeout }: S3Address): Pick<S3ClientConfig, 'requestHandler'> {
  const agent = { keepAlive: true, maxSockets: 64 };
  const timeouts = {
    connectionTimeout: Math.min(timeout, 3000),
    requestTimeout: timeout,
    socketTimeout: timeout,
    throwOnRequestTimeout: true,
  };
  if (ca === undefined) return { requestHandler: { ...timeouts, httpAgent: agent, httpsAgent: agent } };
  try {
    const httpsAgent = new Agent({ ...agent, ca: [...rootCertificates, readFileSync(ca, 'utf8')] });
    return { requestHandler: { ...timeouts, httpAgent: agent, httpsAgent } };
  } catch (error) {
    throw new ObjectStoreMisconfigured(`the certificates ${ca} cannot be read`, { cause: error });
  }
}

function withoutUndefined({ sessionToken, ...keys }: S3Credentials) {
  return { ...keys, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
