import type { S3Credentials } from './address.ts';

/** A bucket that is not the installation's own, and whose rights are asked for. */
export interface ForeignBucket {
  readonly bucket: string;
  /** Absent: that of AWS. */
  readonly endpoint?: string | undefined;
  /** Absent: the bucket is asked as AWS finds it by its name. */
  readonly region?: string | undefined;
  /** The bucket is the first segment of the path; default: where an endpoint is given, and for names that no certificate of AWS holds for. */
  readonly pathStyle?: boolean | undefined;
  /** Absent: nobody's. */
  readonly credentials?: S3Credentials | undefined;
}

/** Seconds for which a signed address holds: it is asked at once. */
const validFor = 60;

/** Address of an object as nobody asks for it. */
export function plainObjectUrl(place: ForeignBucket, key: string): string {
  const { bucket, region } = place;
  const endpoint = new URL(place.endpoint ?? `https://s3.${region === undefined ? '' : `${region}.`}amazonaws.com`);
  const path = [...(usesPath(place) ? [bucket] : []), ...key.split('/').map(encodeSegment)].join('/');
  const host = usesPath(place) ? endpoint.host : `${bucket}.${endpoint.host}`;
  return `${endpoint.protocol}//${host}${endpoint.pathname.replace(/\/+$/, '')}/${path}`;
}

/** The same address, signed where there are credentials: what it holds beyond may not be shown. Loads the SDK where it has to. */
export async function objectUrl(place: ForeignBucket, key: string): Promise<string> {
  if (place.credentials === undefined) return plainObjectUrl(place, key);
  const [{ S3Client, GetObjectCommand }, { getSignedUrl }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@aws-sdk/s3-request-presigner'),
  ]);
  const { sessionToken, ...keys } = place.credentials;
  const client = new S3Client({
    region: place.region ?? 'us-east-1',
    forcePathStyle: usesPath(place),
    credentials: { ...keys, ...(sessionToken === undefined ? {} : { sessionToken }) },
    ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint }),
  });
  try {
    return await getSignedUrl(client, new GetObjectCommand({ Bucket: place.bucket, Key: key }), { expiresIn: validFor });
  } finally {
    client.destroy();
  }
}

const usesPath = ({ bucket, endpoint, pathStyle }: ForeignBucket): boolean => pathStyle ?? (endpoint !== undefined || bucket.includes('.'));

/** As signatures are made: everything but the unreserved characters of RFC 3986. */
const encodeSegment = (segment: string): string =>
  encodeURIComponent(segment).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
