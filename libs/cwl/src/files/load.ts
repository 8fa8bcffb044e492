import type { CwlVersion, Json, JsonObject, LoadListing } from '../model.ts';
import type { OutputEntry, ToolFiles } from '../ports.ts';
import { ProcessFault } from '../process-fault.ts';
import { completeNames, joinPath, relatedLocation } from './names.ts';
import type { DirectoryValue, FileValue, PathValue } from './values.ts';
import { addressOf, isDirectory, listingOf, textField } from './values.ts';

/** Most bytes that loadContents reads (§ LoadContents). */
export const largestContents = 64 * 1024;

/** Sets `contents`. More than 64 KiB is a fault since v1.2; older versions cut off. */
export async function loadContents(file: FileValue, files: ToolFiles, cwlVersion: CwlVersion, path: string): Promise<FileValue> {
  if (typeof file['contents'] === 'string') return file;
  const address = addressOf(file);
  const entry = address === undefined ? undefined : await files.stat(address);
  if (address === undefined || entry === undefined)
    throw new ProcessFault(path, `loadContents: ${address ?? 'a File without location'} does not exist`);
  if (entry.size > largestContents && cwlVersion !== 'v1.0' && cwlVersion !== 'v1.1') {
    throw new ProcessFault(
      path,
      `loadContents: ${textField(file, 'basename') ?? address} has ${entry.size} bytes, more than the limit of 64 KiB`,
    );
  }
  return { ...file, contents: await files.readText(address, largestContents) };
}

/** Sets `listing`, one level or all of them. A listing that is already there stays; only deeper levels are added. */
export async function loadListing(directory: DirectoryValue, how: LoadListing, files: ToolFiles): Promise<DirectoryValue> {
  if (how === 'no_listing') return directory;
  if (Array.isArray(directory['listing'])) return how === 'shallow_listing' ? directory : withDeeperListings(directory, files);
  const address = addressOf(directory);
  if (address === undefined) return { ...directory, listing: [] };
  return { ...directory, listing: await children(directory, address, how, files) };
}

async function withDeeperListings(directory: DirectoryValue, files: ToolFiles): Promise<DirectoryValue> {
  const listing: Json[] = [];
  for (const item of listingOf(directory)) listing.push(isDirectory(item) ? await loadListing(item, 'deep_listing', files) : item);
  return { ...directory, listing };
}

/** All entries come with one call; it is cut to the first level here where the listing is shallow. */
async function children(parent: DirectoryValue, address: string, how: LoadListing, files: ToolFiles): Promise<PathValue[]> {
  const entries = await files.list(address);
  const byDirectory = new Map<string, OutputEntry[]>();
  for (const entry of entries) {
    const directory = entry.path.slice(0, entry.path.lastIndexOf('/'));
    byDirectory.set(directory, [...(byDirectory.get(directory) ?? []), entry]);
  }
  const build = async (owner: DirectoryValue, directory: string): Promise<PathValue[]> => {
    const found: PathValue[] = [];
    for (const entry of byDirectory.get(directory.replace(/\/+$/, '')) ?? []) {
      const value = await entryValue(owner, entry, files);
      if (isDirectory(value) && how === 'deep_listing') found.push({ ...value, listing: await build(value, entry.path) });
      else found.push(value);
    }
    return found;
  };
  return build(parent, address);
}

async function entryValue(owner: DirectoryValue, entry: OutputEntry, files: ToolFiles): Promise<PathValue> {
  const name = entry.path.slice(entry.path.lastIndexOf('/') + 1);
  const target = entry.type === 'symlink' && entry.target !== undefined ? ((await files.stat(entry.target)) ?? entry) : entry;
  const location = textField(owner, 'location');
  const path = textField(owner, 'path');
  const value: JsonObject = {
    class: target.type === 'directory' ? 'Directory' : 'File',
    basename: name,
    ...(location !== undefined && { location: relatedLocation(location, name, true) }),
    ...(path !== undefined && { path: joinPath(path, name) }),
    ...(target.type !== 'directory' && { size: target.size }),
  };
  return completeNames(value) as PathValue;
}
