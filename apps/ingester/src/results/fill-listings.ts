import type { Json, JsonObject } from '@runnel/cwl';
import type { ObjectStore } from '@runnel/objects';
import { keyOf, locatedIn, locationOf } from './locations.ts';

/** Gives directories that are known by their address only (inputs that became outputs) the listing of what the store has there. */
export async function fillListings(outputs: JsonObject, objects: ObjectStore): Promise<void> {
  for (const value of locatedIn(outputs)) {
    const key = value.class === 'Directory' && !Array.isArray(value['listing']) && value.location ? keyOf(value.location) : undefined;
    if (key === undefined) continue;
    const prefix = key.endsWith('/') ? key : `${key}/`;
    const listing: Json[] = [];
    for await (const info of objects.list(prefix)) {
      addFile(listing, info.key.slice(prefix.length).split('/'), { class: 'File', location: locationOf(info.key), size: info.size });
    }
    value['listing'] = listing;
    value['basename'] ??= prefix.split('/').at(-2) ?? '';
  }
}

function addFile(listing: Json[], path: string[], file: JsonObject): void {
  const [name = '', ...below] = path;
  if (below.length === 0) {
    listing.push({ ...file, basename: name });
    return;
  }
  let folder = listing.find((entry): entry is JsonObject => isFolder(entry, name));
  if (!folder) listing.push((folder = { class: 'Directory', basename: name, listing: [] }));
  addFile(folder['listing'] as Json[], below, file);
}

function isFolder(entry: Json, name: string): boolean {
  return (
    typeof entry === 'object' && entry !== null && !Array.isArray(entry) && entry['class'] === 'Directory' && entry['basename'] === name
  );
}
