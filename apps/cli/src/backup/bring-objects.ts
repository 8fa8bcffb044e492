import { checkKey, type ObjectStore } from '@runnel/objects';
import { inLanes } from '@runnel/service';
import { CliError } from '../client/cli-error.ts';
import type { Manifest } from './manifest.ts';
import { measureObject } from './measure-objects.ts';
import { readObjectList } from './object-list.ts';
import { createPackReader } from './read-packs.ts';

const lanes = 8;

/**
 * Brings the objects of the backup, each checked against its checksum on the way; with `keep` only those that the store lacks. Returns how many.
 * Without it they are not on the disk yet: who calls this waits for all of them at once.
 */
export async function bringObjects(store: ObjectStore, folder: string, { objects }: Manifest, keep: boolean): Promise<number> {
  let brought = 0;
  let lacking = 0;
  const packs = createPackReader(folder);
  await inLanes(readObjectList(folder), lanes, async (object) => {
    const { key, sha256, size, type } = object;
    checkKey(key);
    if (keep && (await store.head(key))) return;
    if (objects.content) {
      // no crash point: a restore that was cut short is begun again, and brings what is not there, or all.
      await store.put(key, packs.read(object), {
        ...{ sha256, maxBytes: size },
        ...(keep ? {} : ({ derived: true, durable: false } as const)),
        ...(type === undefined ? {} : { contentType: type }),
      });
      brought += 1;
    } else lacking += 1;
  }).finally(() => packs.close());
  if (lacking > 0)
    throw new CliError(
      `the object store lacks ${lacking} of the ${objects.count} objects, and the backup holds only their list`,
      `Name the store that was backed up (${objects.store}), or a copy of it, with --objects and --keep-objects.`,
    );
  return brought;
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
  await inLanes(readObjectList(folder), lanes, async ({ key, size, sha256 }) => {
    checkKey(key);
    const part = await measureObject(store, key, size);
    if (!part) {
      found.missing.push(key);
      return;
    }
    found.objects += 1;
    found.bytes += part.bytes;
    if (part.sha256 !== sha256) found.changed.push(key);
  });
  return found;
}
