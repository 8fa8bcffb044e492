import { Readable } from 'node:stream';
import { mediaTypeOf, ObjectNotFound } from '@runnel/objects';
import type { ByteRange, ObjectInfo } from '@runnel/objects';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import { holdsTag } from './entity-tags.ts';
import { parseRange } from './range.ts';

/**
 * GET and HEAD of one object (RFC 9110: ranges of section 14, conditions of section 13). Files of tenants are never rendered as pages of this
 * host: they are attachments, of the type that was declared, in a sandbox.
 */
export async function sendFile({ objects }: ApiContext, request: FastifyRequest, reply: FastifyReply, key: string): Promise<void> {
  const info = await objects.head(key);
  if (!info) throw new ObjectNotFound(key);
  void reply.headers(headersOf(info, key));
  if (holdsTag(request.headers['if-none-match'], info.etag)) {
    await reply.status(304).send();
    return;
  }
  const range = rangeOf(request, info);
  if (request.method === 'HEAD') {
    // A stream, since Fastify counts the bytes of anything else.
    await reply.header('content-length', info.size).send(Readable.from([]));
    return;
  }
  // Opened anew: it may have been replaced since; what is sent is described by what is opened.
  const { info: opened, body } = await objects.get(key, range);
  void reply.headers(headersOf(opened, key));
  if (range) {
    const end = Math.min(range.end ?? opened.size - 1, opened.size - 1);
    void reply
      .status(206)
      .headers({ 'content-range': `bytes ${range.start}-${end}/${opened.size}`, 'content-length': end - range.start + 1 });
  } else {
    void reply.header('content-length', opened.size);
  }
  await reply.send(body);
}

function headersOf(info: ObjectInfo, key: string): Record<string, string> {
  const name = key.slice(key.lastIndexOf('/') + 1);
  return {
    etag: info.etag,
    'last-modified': info.modifiedAt.toUTCString(),
    'accept-ranges': 'bytes',
    'content-type': info.contentType ?? mediaTypeOf(name),
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name).replaceAll(/['()*]/g, escapeChar)}`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': 'sandbox',
    // Always asked again: rights and contents change.
    'cache-control': 'private, no-cache',
  };
}

const escapeChar = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;

/** The one range asked for. Several, or one for another version (If-Range), mean the whole. */
function rangeOf({ headers, method }: FastifyRequest, info: ObjectInfo): ByteRange | undefined {
  if (method !== 'GET' || headers.range === undefined) return undefined;
  const condition = headers['if-range'];
  if (condition !== undefined && condition !== info.etag) return undefined;
  return parseRange(headers.range, info.size);
}
