import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { checkKey, ObjectNotFound, type ObjectStore } from '@runnel/objects';
import { inLanes } from '@runnel/service';
import { CliError } from '../client/cli-error.ts';
import { contentFolder, type Manifest } from './manifest.ts';
import { readObjectList, type ListedObject } from './object-list.ts';

const lanes = 8;

/** Brings the objects of the backup that the store lacks, each checked against its checksum on the way. Returns how many. */
export async function bringObjects(store: ObjectStore, folder: string, { objects }: Manifest): Promise<number> {
  let brought = 0;
  let lacking = 0;
  await inLanes(readObjectList(folder), lanes, async (object) => {
    checkKey(object.key);
    if (await store.head(object.key)) return;
    if (objects.content) {
      await bring(store, folder, object);
      brought += 1;
    } else lacking += 1;
  });
  if (lacking > 0)
    throw new CliError(
      `the object store lacks ${lacking} of the ${objects.count} objects, and the backup holds only their list`,
      `Name the store that was backed up (${objects.store}), or a copy of it, with --objects and --keep-objects.`,
    );
  return brought;
}

async function bring(store: ObjectStore, folder: string, { key, sha256, size, type }: ListedObject): Promise<void> {
  const body = createReadStream(join(folder, contentFolder, key));
  // no crash point: a restore that was cut short is begun again, and brings what is not there.
  await store.put(key, body, { sha256, maxBytes: size, ...(type === undefined ? {} : { contentType: type }) });
}

export interface Verified {
  objects: number;
  bytes: number;
  /** Keys of those that are not there, or whose content is another. */
  missing: string[];
  changed: string[];
}

/** Reads every object of the list in the store and compares its checksum. */
export async function verifyObjects(store: ObjectStore, folder: string): Promise<Verified> {
  const found: Verified = { objects: 0, bytes: 0, missing: [], changed: [] };
  await inLanes(readObjectList(folder), lanes, async ({ key, sha256 }) => {
    checkKey(key);
    const hash = createHash('sha256');
    try {
      const { body } = await store.get(key);
      for await (const chunk of body as AsyncIterable<Buffer>) {
        hash.update(chunk);
        found.bytes += chunk.length;
      }
    } catch (error) {
      if (!(error instanceof ObjectNotFound)) throw error;
      found.missing.push(key);
      return;
    }
    found.objects += 1;
    if (hash.digest('hex') !== sha256) found.changed.push(key);
  });
  return found;
}
