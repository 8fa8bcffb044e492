import { compareCodePoints, type OutputEntry, type ToolFiles } from '@runnel/cwl';
import type { ObjectStore } from '@runnel/objects';
import { StepFault } from '@runnel/sandbox';

const scheme = 'runnel:';

/** Key of the object at a `runnel:` address. */
export function keyOf(location: string): string {
  if (!location.startsWith(scheme)) throw new StepFault('staging', `${location} is no object of this installation`);
  return location.slice(scheme.length);
}

export const locationOf = (key: string): string => `${scheme}${key}`;

/** The inputs of a step where they stand, in the object store: those that it may read. */
export function objectFiles(store: ObjectStore, mayBringIn: (location: string) => boolean): ToolFiles {
  const allowedKey = (location: string): string => {
    if (!mayBringIn(location)) throw new StepFault('staging', `${location} is neither an input of this step nor part of the document`);
    return keyOf(location);
  };
  return {
    async list(directory) {
      const base = directory.replace(/\/+$/, '');
      const prefix = `${allowedKey(base)}/`;
      const entries = new Map<string, OutputEntry>();
      for await (const { key, size } of store.list(prefix)) {
        const segments = key.slice(prefix.length).split('/');
        for (let depth = 1; depth < segments.length; depth += 1) {
          const path = `${base}/${segments.slice(0, depth).join('/')}`;
          entries.set(path, { path, type: 'directory', size: 0 });
        }
        const path = `${base}/${segments.join('/')}`;
        entries.set(path, { path, type: 'file', size });
      }
      return [...entries.values()].sort((a, b) => compareCodePoints(a.path, b.path));
    },
    async stat(location) {
      const key = allowedKey(location.replace(/\/+$/, ''));
      const info = await store.head(key);
      if (info) return { path: location, type: 'file', size: info.size };
      for await (const _ of store.list(`${key}/`)) return { path: location, type: 'directory', size: 0 };
      return undefined;
    },
    readText: (location, limit) => readStart(store, allowedKey(location), limit),
    checksum: (location) => Promise.reject(new Error(`no expression asks for the checksum of ${location}`)),
  };
}

/** First bytes of an object as text. */
export async function readStart(store: ObjectStore, key: string, limit: number): Promise<string> {
  const info = await store.head(key);
  if (!info || info.size === 0 || limit === 0) return '';
  const { body } = await store.get(key, { start: 0, end: Math.min(limit, info.size) - 1 });
  const parts: Buffer[] = [];
  for await (const part of body) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
