import { PassThrough } from 'node:stream';
import { ObjectNotFound, ObjectTooLarge, type ObjectInfo, type ObjectStore } from '@runnel/objects';
import { inLanes } from '@runnel/service';
import { objectList, type Manifest, type Part } from './manifest.ts';
import { measureBody, small } from './measure-objects.ts';
import { findMissing } from './missing-keys.ts';
import { readNamed, type ListedObject } from './object-list.ts';
import { writePart } from './parts.ts';
import { createPackWriter, type PackWriter } from './write-packs.ts';

/** Objects that are read at the same time. */
const lanes = 8;
/** Characters of the list that are compressed at once: line by line took longer than reading the objects. */
const lineful = 64 * 1024;

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
  const missing = findMissing(readNamed(folder));
  const packs = content ? createPackWriter(folder) : undefined;
  let lines = '';
  let count = 0;
  let bytes = 0;
  try {
    await inLanes(missing.pass(store.list('')), lanes, async (info) => {
      if (fault !== undefined) throw fault;
      const object = await backUpObject(store, info, packs);
      if (!object) return;
      count += 1;
      bytes += object.size;
      lines += `${JSON.stringify(object)}\n`;
      if (lines.length < lineful) return;
      const isRoomLeft = list.write(lines);
      lines = '';
      if (!isRoomLeft) await new Promise<void>((resolve) => list.once('drain', resolve).once('close', resolve));
    });
    list.end(lines);
    await packs?.finish();
    return { objects: { count, bytes, missing: missing.count(), missingKeys: missing.keys() }, list: await written };
  } catch (error) {
    list.destroy();
    packs?.abandon();
    await written.catch(() => undefined);
    throw fault ?? error;
  }
}

/** Undefined where it was deleted meanwhile. */
async function backUpObject(store: ObjectStore, listed: ObjectInfo, packs: PackWriter | undefined): Promise<ListedObject | undefined> {
  try {
    const { info, body } = (await getSmall(store, listed)) ?? (await store.get(listed.key));
    const { bytes: size, ...rest } = !packs
      ? await measureBody(body)
      : Buffer.isBuffer(body)
        ? packs.add(body)
        : await packs.addStream(body);
    return { key: listed.key, size, ...rest, ...(info.contentType === undefined ? {} : { type: info.contentType }) };
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    throw error;
  }
}

/** A small file whole, which is much cheaper than a stream; undefined for others, and where it was replaced meanwhile. */
async function getSmall(store: ObjectStore, listed: ObjectInfo): Promise<{ info: ObjectInfo; body: Buffer } | undefined> {
  if (listed.size > small || !store.uri.startsWith('file:')) return undefined;
  try {
    const body = await store.getBytes(listed.key, small);
    const info = await store.head(listed.key);
    return info?.etag === listed.etag ? { info, body } : undefined;
  } catch (error) {
    if (error instanceof ObjectTooLarge) return undefined;
    throw error;
  }
}
