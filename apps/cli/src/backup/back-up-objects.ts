import { createHash } from 'node:crypto';
import { PassThrough, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ObjectNotFound, type ObjectInfo, type ObjectStore } from '@runnel/objects';
import { inLanes } from '@runnel/service';
import { contentFolder, objectList, type Manifest, type Part } from './manifest.ts';
import { readNamed, type ListedObject } from './object-list.ts';
import { writePart, writeSmallPart } from './parts.ts';

/** Objects that are read at the same time. */
const lanes = 8;
/** Bytes of an object that is read whole. */
const small = 256 * 1024;
/** Missing keys that the manifest names. */
const mostNamed = 100;

/**
 * Lists every object of the store with its checksum, and with `content` takes its bytes along. The store is read after the database: what the rows
 * name was written before them, so it is there unless it was lost, or deleted meanwhile.
 */
export async function backUpObjects(
  store: ObjectStore,
  folder: string,
  content: boolean,
): Promise<{ objects: Omit<Manifest['objects'], 'store' | 'content'>; list: Part }> {
  const list = new PassThrough();
  const written = writePart(folder, objectList, list, true);
  // A list that cannot be written ends the work at its next line, with its own reason.
  let fault: Error | undefined;
  written.catch((error: unknown) => (fault = error instanceof Error ? error : new Error(String(error))));
  const missing = createMissing(readNamed(folder));
  let count = 0;
  let bytes = 0;
  try {
    await inLanes(missing.pass(store.list('')), lanes, async (info) => {
      if (fault !== undefined) throw fault;
      const object = await backUpObject(store, folder, info, content);
      if (!object) return;
      count += 1;
      bytes += object.size;
      if (!list.write(`${JSON.stringify(object)}\n`))
        await new Promise<void>((resolve) => list.once('drain', resolve).once('close', resolve));
    });
    list.end();
    return { objects: { count, bytes, missing: missing.count(), missingKeys: missing.keys() }, list: await written };
  } catch (error) {
    list.destroy();
    await written.catch(() => undefined);
    throw fault ?? error;
  }
}

/** Undefined where it was deleted meanwhile. */
async function backUpObject(store: ObjectStore, folder: string, { key }: ObjectInfo, content: boolean): Promise<ListedObject | undefined> {
  try {
    const { info, body } = await store.get(key);
    const { bytes: size, sha256 } = content ? await keep(folder, `${contentFolder}/${key}`, info, body) : await measureStream(body);
    return { key, size, sha256, ...(info.contentType === undefined ? {} : { type: info.contentType }) };
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    throw error;
  }
}

const keep = async (folder: string, path: string, { size }: ObjectInfo, body: Readable): Promise<Part> =>
  size <= small ? writeSmallPart(folder, path, await buffer(body)) : writePart(folder, path, body, false);

async function measureStream(body: AsyncIterable<Buffer>): Promise<Part> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of body) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Merges the keys that the rows name, which are sorted like the store's, with what passes: those that do not pass are missing. */
function createMissing(named: AsyncIterator<string>) {
  const keys: string[] = [];
  let count = 0;
  const miss = (key: string): void => {
    count += 1;
    if (keys.length < mostNamed) keys.push(key);
  };
  async function* pass(objects: AsyncIterable<ObjectInfo>): AsyncGenerator<ObjectInfo> {
    let next = await named.next();
    for await (const info of objects) {
      while (next.done !== true && compareKeys(next.value, info.key) < 0) {
        miss(next.value);
        next = await named.next();
      }
      if (next.done !== true && next.value === info.key) next = await named.next();
      yield info;
    }
    for (; next.done !== true; next = await named.next()) miss(next.value);
  }
  return { pass, count: () => count, keys: () => keys };
}

/** C-locale order: by their bytes. */
const compareKeys = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
