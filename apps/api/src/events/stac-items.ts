import type { CatalogueChange, CloudEvent } from '@runnel/contracts';
import { ObjectNotFound, ObjectTooLarge } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
import { catalogueType } from './read-message.ts';

/** Type of an event about one STAC item. */
export const itemType = 'runnel.stac.item.v1';

/** Bytes of a document that is read; and of one that travels in its event. */
const largestDocument = 1024 * 1024;
const largestInEvent = 128 * 1024;

/**
 * One event per STAC item that a catalogue change adds or updates among the files of the workspace: `data.href` is the item's address, `data.item`
 * the item itself where it is not too large.
 */
export async function* stacItems(objects: ObjectStore, workspace: string, { attributes, data }: CloudEvent): AsyncGenerator<CloudEvent> {
  if (attributes.type !== catalogueType) return;
  // Checked when it was read.
  const { added_keys, updated_keys } = data as CatalogueChange;
  const changed = [...added_keys.map((key) => ['added', key] as const), ...updated_keys.map((key) => ['updated', key] as const)];
  for (const [change, key] of changed) {
    if (!key.startsWith(`${workspace}/files/`) || !key.endsWith('.json')) continue;
    const item = await readItem(objects, key);
    if (!item) continue;
    const href = `/workspaces/${key.split('/').map(encodeURIComponent).join('/')}`;
    const { id, source, time, runnelrun, runneldepth } = attributes;
    yield {
      attributes: {
        ...{ specversion: '1.0', id: `${id}#${key}`, source, type: itemType, subject: item.id },
        ...(time === undefined ? {} : { time }),
        ...(runnelrun === undefined ? {} : { runnelrun }),
        ...(runneldepth === undefined ? {} : { runneldepth }),
      },
      data: { change, key, href, id: item.id, ...(item.text.length > largestInEvent ? {} : { item: item.document }) },
    };
  }
}

async function readItem(objects: ObjectStore, key: string): Promise<{ id: string; text: string; document: unknown } | undefined> {
  try {
    const text = (await objects.getBytes(key, largestDocument)).toString('utf8');
    const document: unknown = JSON.parse(text);
    if (typeof document !== 'object' || document === null || !('type' in document) || document.type !== 'Feature') return undefined;
    return 'id' in document && typeof document.id === 'string' ? { id: document.id, text, document } : undefined;
  } catch (error) {
    if (error instanceof ObjectNotFound || error instanceof ObjectTooLarge || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
