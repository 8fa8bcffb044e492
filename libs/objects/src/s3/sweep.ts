import type { S3Connection } from './connection.ts';

/** Milliseconds after which an upload in parts that was not completed belongs to somebody who is gone. */
const abandonedAfter = 7 * 86_400_000;

/** Aborts what killed writers left. A store or a role that does not let us look is left to its own lifecycle rules. */
export async function sweep(s3: S3Connection, now: number): Promise<void> {
  const { Bucket, Key: Prefix } = s3.at('');
  const listed = await s3
    .call('', (client) => client.send(new s3.sdk.ListMultipartUploadsCommand({ Bucket, Prefix })))
    .catch(() => undefined);
  for (const { Key, UploadId, Initiated } of listed?.Uploads ?? []) {
    if (Initiated === undefined || now - Initiated.getTime() < abandonedAfter) continue;
    const abort = new s3.sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId });
    await s3.call('', (client) => client.send(abort)).catch(() => undefined);
  }
}
