import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import type { ObjectStore } from '@runnel/objects';
import type { ApiConfig } from '../config.ts';
import { OutboundRefused, requestOutbound } from './request-outbound.ts';
import type { OutboundAnswer } from './request-outbound.ts';
import { refusedWith, webSource } from './source.ts';
import type { Source } from './source.ts';

/** Milliseconds in which a reference must have come: its caller waits for it. */
const patience = 60_000;
/** Largest value (not file) by reference, in bytes. */
const largestValue = 1024 * 1024;

type Settings = Pick<ApiConfig, 'maxFetchBytes' | 'outboundHosts'>;

/** Brings a file that an input names by reference into the object store. Rejects with OutboundRefused. */
export async function fetchFile(
  objects: ObjectStore,
  settings: Settings,
  source: Source,
  key: string,
): Promise<{ key: string; size: number }> {
  const answer = await get(settings, source);
  const body = answer.body.pipe(limited(source.shown, settings.maxFetchBytes, answer.body));
  const { size } = await putBody(objects, key, body, source.shown);
  return { key, size };
}

async function putBody(objects: ObjectStore, key: string, body: Readable, href: string): Promise<{ size: number }> {
  try {
    // no crash point: the run it belongs to is not accepted yet; what is left goes to garbage collection.
    return await objects.put(key, body, { derived: true });
  } catch (error) {
    if (body.errored) throw body.errored instanceof OutboundRefused ? body.errored : broken(href, body.errored);
    throw error;
  }
}

/** A value that an input names by reference: JSON where it says so, else its text. Rejects with OutboundRefused. */
export async function fetchValue(settings: Settings, href: string): Promise<unknown> {
  const answer = await get(settings, webSource(href));
  const text = (await readAll(answer, href, largestValue)).toString('utf8');
  if (!/[/+]json$/.test(mediaTypeOf(answer) ?? '')) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new OutboundRefused(`${href} says that it is JSON and is not`, { cause: error });
  }
}

/** What stands at an address, of at most `largest` bytes. Rejects with OutboundRefused. */
export async function fetchBytes(settings: Settings, href: string, largest: number): Promise<Buffer> {
  return readAll(await get(settings, webSource(href)), href, largest);
}

async function readAll({ body }: OutboundAnswer, href: string, largest: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of body.pipe(limited(href, largest, body))) chunks.push(chunk as Buffer);
  } catch (error) {
    throw error instanceof OutboundRefused ? error : broken(href, error);
  }
  return Buffer.concat(chunks);
}

const broken = (href: string, cause: unknown): OutboundRefused => new OutboundRefused(`${href} broke off`, { cause });

async function get({ outboundHosts }: Settings, source: Source): Promise<OutboundAnswer> {
  const signal = AbortSignal.timeout(patience);
  const { redirects } = source;
  const answer = await requestOutbound(await source.address(), { method: 'GET', allowedHosts: outboundHosts, redirects, signal });
  if (answer.status === 200) return answer;
  answer.body.destroy();
  throw refusedWith(source, answer.status);
}

/** The source's end by a fault is this one's too: `pipe` does not tell. */
function limited(href: string, largest: number, source: Readable): Transform {
  let size = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > largest) done(new OutboundRefused(`${href} has more than ${largest} bytes: upload it first`));
      else done(null, chunk);
    },
    destroy(error, done) {
      source.destroy();
      done(error);
    },
  });
  source.on('error', (error) => counting.destroy(error)).on('aborted', () => counting.destroy(broken(href, undefined)));
  return counting;
}

const mediaTypeOf = ({ headers }: OutboundAnswer): string | undefined => headers['content-type']?.split(';')[0]?.trim().toLowerCase();
