import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import { PreconditionFailed } from '@runnel/objects';
import type { ObjectInfo, PutOptions } from '@runnel/objects';
import { crashPoint, Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { bodyStream, mediaTypeOfBody, refuseTooLong } from '../../http/body.ts';
import { holdsTag } from './entity-tags.ts';

/** PUT of a file: streamed into the store, which shows it once it is whole. 201 where there was none, else 204. `stored` is done before. */
export async function storeFile(
  { objects, config, workspaces }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  key: string,
  stored: () => Promise<void>,
): Promise<void> {
  const { uploadBytes } = workspaces.of(callerOf(request).workspace).quota;
  const maxBytes = Math.min(config.maxUploadBytes, uploadBytes ?? Infinity);
  refuseTooLong(request, maxBytes);
  const present = await objects.head(key);
  const options = { ...optionsOf(request, key, present), maxBytes };
  const body = detached(bodyStream(request));
  crashPoint('api.file.before-put');
  const info = await objects.put(key, body, options);
  crashPoint('api.file.after-put');
  await stored();
  await reply
    .status(present ? 204 : 201)
    .header('etag', info.etag)
    .send();
}

function optionsOf(request: FastifyRequest, key: string, present: ObjectInfo | undefined): PutOptions {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers;
  const sha256 = announcedDigest(request);
  const type = mediaTypeOfBody(request);
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') throw badHeader('If-None-Match of a PUT is "*"');
  // The store compares one tag; of several it has to be the present one.
  if (ifMatch !== undefined && !(present && holdsTag(ifMatch, present.etag))) throw new PreconditionFailed(key, present?.etag);
  return {
    ...(type === '' || type === 'application/octet-stream' ? {} : { contentType: request.headers['content-type'] ?? type }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(ifMatch === undefined || !present ? {} : { ifMatch: present.etag }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
  };
}

/** `Content-Digest: sha-256=:…:` (RFC 9530) or `X-Checksum-Sha256`, as lower-case hex. */
function announcedDigest({ headers }: FastifyRequest): string | undefined {
  const plain = headers['x-checksum-sha256'];
  const field = headers['content-digest'];
  const base64 = typeof field === 'string' ? /(?:^|[\s,])sha-256=:([A-Za-z0-9+/]{43}=):/i.exec(field)?.[1] : undefined;
  if (field !== undefined && base64 === undefined) throw badHeader('Content-Digest has no sha-256=:…: (RFC 9530)');
  const digest = base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('hex');
  if (plain === undefined) return digest;
  if (typeof plain !== 'string' || !/^[0-9a-f]{64}$/i.test(plain)) throw badHeader('X-Checksum-Sha256 is 64 hexadecimal digits');
  if (digest !== undefined && digest !== plain.toLowerCase()) throw badHeader('Content-Digest and X-Checksum-Sha256 differ');
  return plain.toLowerCase();
}

function badHeader(detail: string): Problem {
  return new Problem({ status: 400, title: 'Bad request', detail });
}

/**
 * The body as a stream whose end is not the connection's: a store that refuses destroys what it reads, and the answer is still to go out. A body
 * that breaks off fails the put.
 */
function detached(body: Readable): Readable {
  const copy = new PassThrough();
  body.once('error', (error) => copy.destroy(error));
  body.once('close', () => {
    if (!body.readableEnded) copy.destroy(new Error('the upload broke off'));
  });
  copy.once('close', () => body.unpipe(copy).resume());
  return body.pipe(copy);
}
