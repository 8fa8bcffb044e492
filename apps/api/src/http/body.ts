import { Readable } from 'node:stream';
import { Problem } from '@runnel/service';
import type { FastifyRequest } from 'fastify';
import { jsonFault } from './json-faults.ts';

/** The media type of the body, without parameters, lower-case; empty where there is none. */
export function mediaTypeOfBody(request: FastifyRequest): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** The body as a stream; empty where there is none. */
export function bodyStream(request: FastifyRequest): Readable {
  return request.body instanceof Readable ? request.body : Readable.from([]);
}

/** The whole body as UTF-8 text; 413 above `limit` bytes, 400 where it is not UTF-8. */
export async function readText(request: FastifyRequest, limit: number): Promise<string> {
  refuseTooLong(request, limit);
  const chunks: Buffer[] = [];
  let size = 0;
  // Ending the loop early must not end the connection: the answer is still to go out.
  for await (const chunk of bodyStream(request).iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk as Buffer);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks, size));
  } catch {
    throw new Problem({ status: 400, title: 'Bad request', detail: 'the body is not UTF-8 text' });
  }
}

/** The whole body as JSON; 415 where it is announced as something else, 400 where it is not JSON. */
export async function readJson(request: FastifyRequest, limit: number): Promise<unknown> {
  const type = mediaTypeOfBody(request);
  if (type !== '' && type !== 'application/json' && !type.endsWith('+json')) throw unsupportedType(type, ['application/json']);
  return parseJsonText(await readText(request, limit));
}

export function parseJsonText(text: string): unknown {
  const value = parsed(text);
  const fault = jsonFault(text);
  if (fault !== undefined) throw new Problem({ status: 400, title: 'Bad request', detail: `the body is refused: ${fault}` });
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Problem({ status: 400, title: 'Bad request', detail: `the body is not JSON: ${reason}`, cause: error });
  }
}

/** Answers before reading where the length is announced. */
export function refuseTooLong(request: FastifyRequest, limit: number): void {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
}

/** The rest of the body is not read: the connection ends with the answer. */
export function tooLarge(limit: number): Problem {
  return new Problem({ status: 413, title: 'Too large', detail: `the body may have ${limit} bytes`, headers: { connection: 'close' } });
}

export function unsupportedType(found: string, wanted: readonly string[], type?: string): Problem {
  const detail = `the body is ${found === '' ? 'of no type (Content-Type)' : found}; wanted is ${wanted.join(', ')}`;
  return new Problem({ status: 415, title: 'Unsupported media type', detail, ...(type === undefined ? {} : { type }) });
}
