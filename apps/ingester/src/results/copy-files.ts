import { createHash } from 'node:crypto';
import { ObjectNotFound, type ObjectStore } from '@runnel/objects';
import { crashPoint, inLanes } from '@runnel/service';
import { OutputsRefused } from './outputs-refused.ts';
import type { PlannedFile } from './plan-publication.ts';

/** Copies at a time, of one run. */
const lanes = 8;

/** Copies every file to its published place and completes sizes and checksums; a repetition writes the same again. Throws OutputsRefused. */
export async function copyFiles(objects: ObjectStore, files: readonly PlannedFile[]): Promise<void> {
  await inLanes(files, lanes, async (file) => {
    const size = await place(objects, file);
    file.entry['size'] = size;
    file.entry['checksum'] ??= `sha1$${await sha1Of(objects, file.target)}`;
  });
}

async function place(objects: ObjectStore, { source, target, output, name }: PlannedFile): Promise<number> {
  try {
    if ('key' in source) {
      crashPoint('ingester.copy.before-put');
      const copy = await objects.copy(source.key, target, { derived: true });
      crashPoint('ingester.copy.after-put');
      return copy.size;
    }
    crashPoint('ingester.literal.before-put');
    const copy = await objects.put(target, source.contents, { derived: true });
    crashPoint('ingester.literal.after-put');
    return copy.size;
  } catch (error) {
    if (error instanceof ObjectNotFound) throw new OutputsRefused(`output ${output}: the content of ${name} is gone`);
    throw error;
  }
}

async function sha1Of(objects: ObjectStore, key: string): Promise<string> {
  const hash = createHash('sha1');
  for await (const chunk of (await objects.get(key)).body) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
