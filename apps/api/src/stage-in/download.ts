import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectStore } from '@runnel/objects';
import { OutboundRefused, requestOutbound } from '../outbound/request-outbound.ts';
import type { OutboundAnswer } from '../outbound/request-outbound.ts';
import { refusedWith } from '../outbound/source.ts';
import type { Source } from '../outbound/source.ts';

/** What all downloads of one execution share. */
export interface DownloadLimits {
  readonly allowedHosts: readonly string[];
  /** Aborts when the time is over. */
  readonly signal: AbortSignal;
  /** Bytes that may still come. */
  left: number;
}

/** What a file elsewhere was when it was fetched last. */
export interface KnownFile {
  readonly etag: string;
  readonly sha256: string;
  readonly key: string;
}

export type Download =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'stored'; readonly size: number; readonly sha256: string; readonly etag: string | undefined };

/** A connection that breaks is opened again where it broke, so often. */
const resumes = 4;

/**
 * Brings a file from elsewhere into the object store, under the rules for addresses that users name. `known`: it need not come where it still is
 * that one. Rejects with OutboundRefused, also where the checksum is another one than was told.
 */
export async function download(
  objects: ObjectStore,
  source: Source,
  key: string,
  limits: DownloadLimits,
  more: {
    readonly known?: KnownFile | undefined;
    readonly checksum?: { readonly algorithm: string; readonly hex: string } | undefined;
  } = {},
): Promise<Download> {
  const { shown: href } = source;
  const first = await get(source, limits, more.known ? { 'if-none-match': more.known.etag } : {});
  if (first.status === 304 && more.known) {
    first.body.destroy();
    return { kind: 'unchanged' };
  }
  refuseUnlessFound(first, source);
  const { checksum } = more;
  const sha256 = createHash('sha256');
  const told = createHash(checksum?.algorithm ?? 'sha256');
  const body = Readable.from(
    resumed(first, source, limits, (chunk) => {
      sha256.update(chunk);
      if (checksum) told.update(chunk);
    }),
  );
  const { size } = await store(objects, key, body);
  if (checksum && told.digest('hex') !== checksum.hex) {
    await objects.delete(key);
    throw new OutboundRefused(`${href} is not what its item says: its ${checksum.algorithm} is another one`);
  }
  return { kind: 'stored', size, sha256: sha256.digest('hex'), etag: strong(first.headers.etag) };
}

async function store(objects: ObjectStore, key: string, body: Readable): Promise<{ size: number }> {
  try {
    // no crash point: the run it belongs to is not accepted yet; what is left goes to garbage collection.
    return await objects.put(key, body, { derived: true });
  } catch (error) {
    throw body.errored instanceof OutboundRefused ? body.errored : error;
  }
}

/** The bytes of a file, over as many connections as it takes; only of one and the same content. */
async function* resumed(
  first: OutboundAnswer,
  source: Source,
  limits: DownloadLimits,
  seen: (chunk: Buffer) => void,
): AsyncGenerator<Buffer> {
  const validator = strong(first.headers.etag) ?? first.headers['last-modified'];
  const { shown: href } = source;
  let answer = first;
  let offset = 0;
  for (let attempt = 1; ; attempt += 1) {
    try {
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        limits.left -= chunk.length;
        if (limits.left < 0)
          throw new OutboundRefused(`${href}: the inputs of an execution have more bytes than may be fetched; upload them first`);
        offset += chunk.length;
        seen(chunk);
        yield chunk;
      }
      return;
    } catch (error) {
      if (error instanceof OutboundRefused) throw error;
      if (limits.signal.aborted) throw new OutboundRefused(`${href} did not come in time`, { cause: error });
      if (attempt > resumes || validator === undefined)
        throw new OutboundRefused(`${href} broke off after ${offset} bytes`, { cause: error });
      await sleep(200 * 2 ** attempt);
      answer = await get(source, limits, { range: `bytes=${offset}-`, 'if-range': validator });
      if (answer.status === 206 && answer.headers['content-range']?.startsWith(`bytes ${offset}-`) === true) continue;
      answer.body.destroy();
      throw new OutboundRefused(`${href} broke off after ${offset} bytes and cannot be resumed`, { cause: error });
    }
  }
}

/** A JSON document from elsewhere, of at most so many bytes. */
export async function fetchJson(source: Source, limits: DownloadLimits, largest: number): Promise<unknown> {
  const { shown: href } = source;
  const answer = await get(source, limits, { accept: 'application/geo+json, application/json' });
  refuseUnlessFound(answer, source);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > largest) throw new OutboundRefused(`${href} has more than ${largest} bytes: a STAC item is expected`);
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (error) {
    if (error instanceof OutboundRefused) throw error;
    const what = error instanceof SyntaxError ? 'is not JSON: a STAC item is expected' : 'broke off';
    throw new OutboundRefused(`${href} ${what}`, { cause: error });
  }
}

async function get(
  { address, redirects }: Source,
  { allowedHosts, signal }: DownloadLimits,
  headers: Record<string, string>,
): Promise<OutboundAnswer> {
  return requestOutbound(await address(), { method: 'GET', headers, allowedHosts, redirects, signal });
}

function refuseUnlessFound(answer: OutboundAnswer, source: Source): void {
  if (answer.status === 200) return;
  answer.body.destroy();
  throw refusedWith(source, answer.status);
}

/** A weak one names contents that are alike, not the same bytes. */
const strong = (etag: string | undefined): string | undefined => (etag?.startsWith('"') === true ? etag : undefined);
