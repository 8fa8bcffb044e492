import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ObjectStoreMisconfigured } from '../errors.ts';

/** Where an S3 store is and how it is spoken to. */
export interface S3Address {
  bucket: string;
  /** Beginning of every key, empty or with a slash at the end. */
  prefix: string;
  /** Absent: that of AWS for the region. */
  endpoint?: string;
  /** Where pods reach the same store; absent: `endpoint`. The host is part of a signature. */
  podEndpoint?: string;
  region: string;
  /** The bucket is the first segment of the path, not part of the host's name. */
  pathStyle: boolean;
  /** PEM file of certificates trusted beside the usual ones. */
  ca?: string;
  /** Milliseconds without a byte, or without an answer, after which a request has failed. */
  timeout: number;
  /** By workspace; others use the usual chain of the AWS SDK (environment, profile, web identity, instance). */
  credentials: Map<string, S3Credentials>;
}

const S3Credentials = z.strictObject({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().min(1).optional(),
});
export type S3Credentials = z.output<typeof S3Credentials>;

const httpUrl = z.url({ protocol: /^https?$/ });

const Query = z.strictObject({
  endpoint: httpUrl.optional(),
  podEndpoint: httpUrl.optional(),
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .optional(),
  pathStyle: z.stringbool().optional(),
  ca: z.string().startsWith('/').optional(),
  credentials: z.string().startsWith('/').optional(),
  timeout: z.coerce.number().min(0.1).max(600).default(20),
});

/**
 * Reads `s3://bucket/prefix/?endpoint=…&podEndpoint=…&region=…&pathStyle=true&ca=/file.pem&credentials=/file.json&timeout=20`
 * (seconds). Throws ObjectStoreMisconfigured.
 */
export function parseS3Address(url: URL, environment: NodeJS.ProcessEnv): S3Address {
  const wrong = (what: string, cause?: unknown): ObjectStoreMisconfigured =>
    new ObjectStoreMisconfigured(`object store s3://${url.host}: ${what}`, { cause });
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.host))
    throw wrong('the bucket has 3 to 63 lower-case letters, digits, dots and dashes');
  if (url.username !== '' || url.password !== '')
    throw wrong('credentials do not belong into an address: use the environment or credentials=/file.json');
  const query = Query.safeParse(Object.fromEntries(url.searchParams));
  if (!query.success)
    throw wrong(
      `${query.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ')} (known: ${Object.keys(Query.shape).join(', ')})`,
    );
  const { endpoint, podEndpoint, region, pathStyle, ca, credentials, timeout } = query.data;
  return {
    bucket: url.host,
    prefix: prefixOf(url),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(podEndpoint === undefined ? {} : { podEndpoint }),
    region: region ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? 'us-east-1',
    pathStyle: pathStyle ?? endpoint !== undefined,
    ...(ca === undefined ? {} : { ca }),
    timeout: timeout * 1000,
    credentials: credentials === undefined ? new Map<string, S3Credentials>() : readCredentials(credentials, wrong),
  };
}

function prefixOf(url: URL): string {
  const path = decodeURIComponent(url.pathname).replace(/^\/+/, '');
  return path === '' || path.endsWith('/') ? path : `${path}/`;
}

function readCredentials(path: string, wrong: (what: string, cause: unknown) => Error): Map<string, S3Credentials> {
  try {
    return new Map(Object.entries(z.record(z.string(), S3Credentials).parse(JSON.parse(readFileSync(path, 'utf8')))));
  } catch (error) {
    // Not the parser's words: they may quote a secret.
    throw wrong(`${path} is no JSON object of {workspace: {accessKeyId, secretAccessKey, sessionToken?}} that can be read`, error);
  }
}
