import { objectUrl, plainObjectUrl } from '@runnel/objects';
import type { ForeignBucket } from '@runnel/objects';
import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { OutboundRefused } from '../outbound/request-outbound.ts';
import { webSource } from '../outbound/source.ts';
import type { Source } from '../outbound/source.ts';
import { sealedSecretsFor } from '../secrets/secret-rows.ts';
import { stageIn } from '../runs/stored-log.ts';
import { isBucketAddress } from './stac-item.ts';

const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** What a secret for staging in holds: credentials for one bucket. */
export const bucketSecret = z
  .strictObject({
    bucket: z.string().regex(bucketName),
    accessKeyId: z.string().min(1).max(200),
    secretAccessKey: z.string().min(1).max(1000),
    sessionToken: z.string().min(1).max(10_000).optional(),
    endpoint: z
      .url({ protocol: /^https?$/ })
      .refine((text) => /^https?:\/\/[^/?#@]+\/?$/i.test(text), 'a scheme and a host, no more')
      .optional(),
    region: z
      .string()
      .regex(/^[a-z0-9-]{1,40}$/)
      .optional(),
    pathStyle: z.boolean().optional(),
  })
  .describe('credentials with which a bucket is read');

/** Files of buckets, as one caller may have them. */
export interface Buckets {
  /**
   * Where an address is asked, `s3://bucket/key` or of the web. `within`: the document that names it, absent where the caller does. Rejects with
   * OutboundRefused where it is no such address.
   */
  source(href: string, within?: string): Promise<Source>;
}

type Services = Pick<ApiContext, 'database' | 'seal' | 'config'>;

/**
 * The credentials are those that the workspace keeps for a bucket as a secret for staging in, never the installation's. They are used for what the
 * caller names itself, and for what lies below the folder of a document that was read with them: else a document that somebody else wrote could
 * make its reader hand private objects to a process. All else is asked as nobody.
 */
export function openBuckets(services: Services, workspace: string): Buckets {
  let known: Promise<ReadonlyMap<string, Named>> | undefined;
  /** Documents that were read with credentials. */
  const own = new Set<string>();
  return {
    async source(href, within) {
      if (!isBucketAddress(href)) return webSource(href);
      const { bucket, key } = parse(href);
      const trusted = within === undefined || (own.has(within) && href.startsWith(within.slice(0, within.lastIndexOf('/') + 1)));
      const found = trusted ? (await (known ??= credentialsOf(services, workspace))).get(bucket) : undefined;
      if (found === undefined) return asNobody({ bucket, endpoint: services.config.publicBucketsEndpoint }, key, href);
      own.add(href);
      return { ...sourceIn(found.place, key, href), rights: `with the secret ${found.name}` };
    },
  };
}

/** Keys are taken as they stand: in them `%20` is no space, and `?` begins no query. */
function parse(href: string): { bucket: string; key: string } {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]*)\/?([^]*)$/i.exec(href) ?? [];
  if (!bucketName.test(bucket) || key === '' || key.length > 1024)
    throw new OutboundRefused(`${href} is no address of a file in a bucket: s3://bucket/key is expected`);
  if (key.endsWith('/')) throw new OutboundRefused(`${href} is a folder: a file, or a STAC item, is expected`);
  if (/[\0-\x1f\x7f]/.test(key) || key.split('/').some((part) => part === '.' || part === '..'))
    throw new OutboundRefused(`${JSON.stringify(href)} is not a well-formed address`);
  return { bucket, key };
}

const sourceIn = (place: ForeignBucket, key: string, href: string): Source => ({
  shown: href,
  place: plainObjectUrl(place, key),
  address: () => objectUrl(place, key),
  // A signature holds for one host.
  redirects: place.credentials === undefined ? 5 : 0,
});

const asNobody = (place: ForeignBucket, key: string, href: string): Source => ({
  ...sourceIn(place, key, href),
  rights: `without credentials: the workspace has none for this bucket, or a document elsewhere names it`,
});

interface Named {
  readonly name: string;
  readonly place: ForeignBucket;
}

async function credentialsOf({ database, seal }: Services, workspace: string): Promise<ReadonlyMap<string, Named>> {
  const rows = await sealedSecretsFor(database, workspace, stageIn);
  if (rows.length > 0 && !seal) throw new OutboundRefused('this service has no key to open secrets with (RUNNEL_SECRETS_KEYS)');
  const found = new Map<string, Named>();
  for (const { name, sealed } of rows) {
    // It was checked when it was set.
    const secret = bucketSecret.safeParse(JSON.parse(seal?.open(`${workspace}/${name}`, sealed) ?? ''));
    if (!secret.success) continue;
    const { bucket, accessKeyId, secretAccessKey, sessionToken, ...rest } = secret.data;
    found.set(bucket, {
      name,
      place: { ...rest, bucket, credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } },
    });
  }
  return found;
}
