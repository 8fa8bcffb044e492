import { Readable } from 'node:stream';
import type { Json, JsonObject } from '@runnel/cwl';
import type { ObjectStore } from '@runnel/objects';
import { addressOf, scheme } from '../../runs/addresses.ts';
import { toLinks, typeOfFile } from '../../runs/read-results.ts';
import { json } from './base.ts';

/** One output of a run, as it can travel. */
export interface Output {
  readonly id: string;
  /** In a result document: a value, or a link object. */
  readonly inDocument: Json;
  /** Where it can be read on its own. */
  readonly href: string;
  readonly type: string;
  /** Its bytes; absent: it is a reference that this service does not follow. */
  readonly body?: Body;
}

/** Bytes with their length, or a file of the object store. */
export type Body = { readonly bytes: Buffer } | { readonly key: string };

/** Outputs with a value; those that are null are none. `results` is the address of the run's results, `origin` of files. */
export function outputsOf(outputs: JsonObject, where: { results: string; origin: string }): Output[] {
  return Object.entries(outputs).flatMap(([id, value]) => (value === null ? [] : [outputOf(id, value, where)]));
}

function outputOf(id: string, value: Json, { results, origin }: { results: string; origin: string }): Output {
  const href = `${results}/${encodeURIComponent(id)}`;
  const inDocument = toLinks(value, origin);
  const whole = (type: string, bytes: string | Buffer): Output => ({ id, inDocument, href, type, body: { bytes: Buffer.from(bytes) } });
  if (typeof value === 'string') return whole('text/plain', value);
  if (!isMap(value)) return whole(json, JSON.stringify(inDocument));
  const { location, href: address, value: inner, mediaType, encoding } = value;
  if (value['class'] === 'File' && typeof location === 'string') {
    const key = location.slice(scheme.length);
    return { id, inDocument, href: addressOf(location, origin) ?? href, type: typeOfFile(value), body: { key } };
  }
  if (typeof address === 'string') return { id, inDocument, href: address, type: typeof value['type'] === 'string' ? value['type'] : json };
  if (inner !== undefined && typeof mediaType === 'string') {
    if (typeof inner !== 'string') return whole(mediaType, JSON.stringify(inner));
    return whole(mediaType, encoding === 'base64' ? Buffer.from(inner, 'base64') : inner);
  }
  return whole(json, JSON.stringify(inDocument));
}

/** Largest file that is put into a document in place, in bytes. */
const largestInPlace = 10 * 1024 * 1024;

/** A file's bytes in a document (`transmissionMode: value`), where they are not too many for one. */
export async function inPlace(objects: ObjectStore, { body, type, inDocument }: Output): Promise<Json> {
  if (!body || 'bytes' in body) return inDocument;
  const info = await objects.head(body.key);
  if (!info || info.size > largestInPlace) return inDocument;
  const bytes = await objects.getBytes(body.key, largestInPlace);
  return { value: bytes.toString('base64'), mediaType: type, encoding: 'base64' };
}

export async function streamOf(objects: ObjectStore, body: Body): Promise<Readable> {
  return 'bytes' in body ? Readable.from([body.bytes]) : (await objects.get(body.key)).body;
}

function isMap(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
