import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type JsonObject = { [name: string]: Json };

/** The results of a job (files as links, 18-062r2, 7.13) as a CWL output object whose files lie in `folder`; outputs that are null are not among the results. */
export async function localCopies(
  results: JsonObject,
  declared: readonly string[],
  folder: string,
  download: (href: string) => Promise<Buffer>,
): Promise<JsonObject> {
  const outputs: JsonObject = Object.fromEntries(declared.map((name) => [name, null]));
  for (const [name, value] of Object.entries(results)) outputs[name] = await copyOf(value, folder);
  return outputs;

  async function copyOf(value: Json, into: string): Promise<Json> {
    if (Array.isArray(value)) return inOrder(value, (item) => copyOf(item, into));
    if (typeof value !== 'object' || value === null) return value;
    if (typeof value['href'] === 'string' && typeof value['type'] === 'string') return fileOf(value, value['href'], into);
    if (typeof value['title'] === 'string' && Array.isArray(value['listing'])) return folderOf(value, value['listing'], into);
    const entries = await inOrder(Object.entries(value), async ([name, item]) => [name, await copyOf(item, into)] as const);
    return Object.fromEntries(entries);
  }

  async function fileOf({ href: _href, type: _type, title, ...known }: JsonObject, href: string, into: string): Promise<Json> {
    const basename = typeof title === 'string' ? title : 'output';
    const bytes = await download(href);
    const path = freePath(into, basename);
    writeFileSync(path, bytes);
    const checksum = `sha1$${createHash('sha1').update(bytes).digest('hex')}`;
    const { secondaryFiles = null } = known;
    const beside = Array.isArray(secondaryFiles) ? { secondaryFiles: await copyOf(secondaryFiles, into) } : {};
    return { ...known, class: 'File', basename, path, location: pathToFileURL(path).href, checksum, size: bytes.length, ...beside };
  }

  async function folderOf({ title, href: _href, ...known }: JsonObject, listing: Json[], into: string): Promise<Json> {
    const basename = typeof title === 'string' ? title : 'output';
    const path = freePath(into, basename);
    mkdirSync(path);
    const copied = await inOrder(listing, (item) => copyOf(item, path));
    return { ...known, class: 'Directory', basename, path, location: pathToFileURL(path).href, listing: copied };
  }
}

/** The name itself, in a folder of its own where another output has it. */
function freePath(folder: string, basename: string): string {
  for (let count = 1; ; count += 1) {
    const path = count === 1 ? join(folder, basename) : join(folder, `other-${count}`, basename);
    if (existsSync(path)) continue;
    mkdirSync(join(path, '..'), { recursive: true });
    return path;
  }
}

async function inOrder<T, R>(items: readonly T[], map: (item: T) => Promise<R>): Promise<R[]> {
  const mapped: R[] = [];
  for (const item of items) mapped.push(await map(item));
  return mapped;
}
