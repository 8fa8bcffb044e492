import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A file of the console, as it was built (scripts/bundle-console.ts). */
export interface ConsoleFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly etag: string;
}

/** Everything that is served; nothing else in that folder can be asked for. */
const types: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'icon.svg': 'image/svg+xml',
  'start.js': 'text/javascript; charset=utf-8',
  'style.css': 'text/css; charset=utf-8',
};

/** Of this repository: `src` and `dist` lie equally deep. */
const folder = join(import.meta.dirname, '../../../../console/bundle');

const known = new Map<string, Promise<ConsoleFile | undefined>>();

/** Undefined where there is no such file, or where the console was not built. */
export function consoleFile(name: string): Promise<ConsoleFile | undefined> {
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  if (type === undefined) return Promise.resolve(undefined);
  const found = known.get(name) ?? read(name, type);
  known.set(name, found);
  // One that is built later is found.
  void found.then(
    (file) => file ?? known.delete(name),
    () => known.delete(name),
  );
  return found;
}

async function read(name: string, type: string): Promise<ConsoleFile | undefined> {
  try {
    const bytes = await readFile(join(folder, name));
    return { type, bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"` };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
