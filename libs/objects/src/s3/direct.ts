import type { DirectAccess, SignedRequest } from '../store.ts';
import type { S3Connection } from './connection.ts';
import { head } from './read.ts';
import { base64Of } from './write.ts';

/** Seconds. */
const validFor = 15 * 60;

/** Requests that pods make without credentials of their own, at the endpoint they reach. */
export async function directAccess(s3: S3Connection): Promise<DirectAccess> {
  const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner');
  const checksum = 'x-amz-checksum-sha256';
  // As headers, not in the query: some stores only check them there.
  const unhoistableHeaders = new Set([checksum, 'content-length']);
  const signedPart = (key: string, uploadId: string, sha256: string, number: number): Promise<SignedRequest> => {
    const ChecksumSHA256 = base64Of(sha256);
    const command = new s3.sdk.UploadPartCommand({ ...s3.at(key), UploadId: uploadId, PartNumber: number, ChecksumSHA256 });
    return getSignedUrl(s3.podClient(key), command, { expiresIn: validFor, unhoistableHeaders }).then((url) => ({
      url,
      headers: { [checksum]: ChecksumSHA256 },
    }));
  };
  return {
    signGets: (keys) =>
      Promise.all(
        keys.map(async (key) => ({
          url: await getSignedUrl(s3.podClient(key), new s3.sdk.GetObjectCommand(s3.at(key)), { expiresIn: validFor }),
          headers: {},
        })),
      ),
    signPuts: (puts) =>
      Promise.all(
        puts.map(async ({ key, sha256, size }) => {
          const ChecksumSHA256 = base64Of(sha256);
          const command = new s3.sdk.PutObjectCommand({ ...s3.at(key), ChecksumSHA256, ContentLength: size });
          const url = await getSignedUrl(s3.podClient(key), command, { expiresIn: validFor, unhoistableHeaders });
          return { url, headers: { [checksum]: ChecksumSHA256, 'content-length': String(size) } };
        }),
      ),
    beginParts: async (key) => {
      const { UploadId: uploadId = '' } = await s3.guarded(key, (client) =>
        client.send(new s3.sdk.CreateMultipartUploadCommand({ ...s3.at(key), ChecksumAlgorithm: 'SHA256' })),
      );
      return uploadId;
    },
    signParts: (key, uploadId, sha256s) => Promise.all(sha256s.map((sha256, index) => signedPart(key, uploadId, sha256, index + 1))),
    completeParts: async (key, { uploadId, parts, size }) => {
      const listed = parts.map(({ etag, sha256 }, index) => ({ PartNumber: index + 1, ETag: etag, ChecksumSHA256: base64Of(sha256) }));
      const finish = (client: InstanceType<typeof s3.sdk.S3Client>) =>
        client.send(
          new s3.sdk.CompleteMultipartUploadCommand({
            ...s3.at(key),
            UploadId: uploadId,
            MpuObjectSize: size,
            MultipartUpload: { Parts: listed },
          }),
        );
      // Asked a second time, after a lost answer, the upload is gone and the object there.
      await s3.guarded(key, finish).catch(async (error: unknown) => {
        if ((await head(s3, key))?.size !== size) throw error;
      });
    },
  };
}
