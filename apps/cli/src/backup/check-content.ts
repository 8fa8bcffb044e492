import { join } from 'node:path';
import { checkKey } from '@runnel/objects';
import { inLanes } from '@runnel/service';
import type { Verified } from './bring-objects.ts';
import { contentFolder, type Manifest } from './manifest.ts';
import { readObjectList } from './object-list.ts';
import { measure } from './parts.ts';

/** Compares the content that stands in the backup with its list; of a backup that holds only the list there is nothing to compare. */
export async function checkContent(folder: string, { objects }: Manifest): Promise<Verified> {
  const found: Verified = { objects: 0, bytes: 0, missing: [], changed: [] };
  if (!objects.content) return found;
  await inLanes(readObjectList(folder), 8, async ({ key, sha256 }) => {
    checkKey(key);
    const part = await measure(join(folder, contentFolder, key)).catch(() => undefined);
    if (!part) found.missing.push(key);
    else {
      found.objects += 1;
      found.bytes += part.bytes;
      if (part.sha256 !== sha256) found.changed.push(key);
    }
  });
  return found;
}
