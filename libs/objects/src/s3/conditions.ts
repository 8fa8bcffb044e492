import { PreconditionFailed } from '../errors.ts';
import type { PutOptions } from '../store.ts';
import type { S3Connection } from './connection.ts';
import { faultOf } from './faults.ts';
import { head } from './read.ts';

/** Name of the metadata that tells one put from another. */
export const ourMark = 'runnel-put';

export interface Target {
  key: string;
  /** Type, mark and conditions as S3 takes them. */
  type: string;
  mark: string;
  options: PutOptions;
}

type Conditions = Pick<PutOptions, 'ifMatch' | 'ifNoneMatch'>;

/** `*` is no etag for S3: there, any object is named by the one that stands there now. */
export async function checkConditions(
  s3: S3Connection,
  key: string,
  { ifMatch, ifNoneMatch }: Conditions,
): Promise<{ IfMatch?: string; IfNoneMatch?: string }> {
  if (ifMatch === undefined && ifNoneMatch === undefined) return {};
  const present = await head(s3, key);
  if (ifNoneMatch !== undefined && present) throw new PreconditionFailed(key, present.etag);
  if (ifMatch !== undefined && (!present || (ifMatch !== '*' && ifMatch !== present.etag)))
    throw new PreconditionFailed(key, present?.etag);
  return {
    ...(ifMatch !== undefined && present ? { IfMatch: present.etag } : {}),
    ...(ifNoneMatch === undefined ? {} : { IfNoneMatch: '*' }),
  };
}

export async function underConditions<Result extends { ETag?: string | undefined }>(
  s3: S3Connection,
  target: Target,
  work: (conditions: { IfMatch?: string; IfNoneMatch?: string }) => Promise<Result>,
): Promise<{ ETag?: string | undefined }> {
  const { key, mark, options } = target;
  for (;;) {
    const conditions = await checkConditions(s3, key, options);
    try {
      return await work(conditions);
    } catch (error) {
      const { name, status, attempts } = faultOf(error);
      if (name === 'ConditionalRequestConflict' || status === 409) continue;
      const refused = status === 412 || (name === 'NoSuchKey' && options.ifMatch !== undefined);
      // The answer to the first try may have been lost: then what stands there is what we put.
      const ours = attempts > 1 && status !== undefined && status < 500 ? await markedBy(s3, key, mark) : undefined;
      if (ours) return { ETag: ours };
      if (refused && options.ifMatch === '*') continue;
      if (refused) throw new PreconditionFailed(key, (await head(s3, key))?.etag);
      return s3.guarded(key, () => Promise.reject(error instanceof Error ? error : new Error(String(error))));
    }
  }
}

async function markedBy(s3: S3Connection, key: string, mark: string): Promise<string | undefined> {
  const answer = await s3.call(key, (client) => client.send(new s3.sdk.HeadObjectCommand(s3.at(key)))).catch(() => undefined);
  return answer?.Metadata?.[ourMark] === mark ? answer.ETag : undefined;
}
