import { inLanes } from '@runnel/service';
import type { Verified } from './bring-objects.ts';
import type { Manifest, Part } from './manifest.ts';
import { measureBody } from './measure-objects.ts';
import { readObjectList } from './object-list.ts';
import { createPackReader } from './read-packs.ts';

/** Compares the content that stands in the backup with its list; of a backup that holds only the list there is nothing to compare. */
export async function checkContent(folder: string, { objects }: Manifest): Promise<Verified> {
  const found: Verified = { objects: 0, bytes: 0, missing: [], changed: [] };
  if (!objects.content) return found;
  const packs = createPackReader(folder);
  await inLanes(readObjectList(folder), 8, async (object) => {
    const part = await measured(() => packs.read(object));
    if (!part) found.missing.push(object.key);
    else {
      found.objects += 1;
      found.bytes += part.bytes;
      if (part.sha256 !== object.sha256) found.changed.push(object.key);
    }
  }).finally(() => packs.close());
  return found;
}

/** Undefined where the pack cannot be read. */
async function measured(read: () => Parameters<typeof measureBody>[0]): Promise<Part | undefined> {
  try {
    return await measureBody(read());
  } catch {
    return undefined;
  }
}
