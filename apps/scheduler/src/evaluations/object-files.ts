import type { Json, OutputEntry, ToolFiles } from '@runnel/cwl';
import { compareCodePoints, ProcessFault } from '@runnel/cwl';
import type { ObjectStore } from '@runnel/objects';

export interface FileAccess {
  objects: ObjectStore;
  /** The run's workspace. */
  workspace: string;
  /** Workspace of the process: files that its document names are kept there. */
  owner: string;
  /** Inputs as accepted: what they name was authorised then (rule 14). */
  authorised: Json;
  /** For messages: `steps.tile.in.bands`. */
  path: string;
}

const scheme = 'runnel:';
/** Entries of one listing. */
const largestListing = 10_000;

/** Files of a run's values, read from the object store by their `runnel:` address. Throws ProcessFault for what the run may not read. */
export function objectFiles(access: FileAccess): ToolFiles {
  const { objects, path } = access;
  const keyOf = (address: string): string => readableKey(address, access);

  const list = async (directory: string): Promise<OutputEntry[]> => {
    const base = directory.replace(/\/+$/, '');
    const prefix = `${keyOf(base)}/`;
    const entries = new Map<string, OutputEntry>();
    for await (const { key, size } of objects.list(prefix)) {
      if (entries.size >= largestListing) throw new ProcessFault(path, `${directory} has more than ${largestListing} entries`);
      const segments = key.slice(prefix.length).split('/');
      for (let depth = 1; depth < segments.length; depth++) {
        const folder = `${base}/${segments.slice(0, depth).join('/')}`;
        entries.set(folder, { path: folder, type: 'directory', size: 0 });
      }
      entries.set(`${base}/${segments.join('/')}`, { path: `${base}/${segments.join('/')}`, type: 'file', size });
    }
    return [...entries.values()].sort((a, b) => compareCodePoints(a.path, b.path));
  };
  const stat = async (address: string): Promise<OutputEntry | undefined> => {
    const key = keyOf(address.replace(/\/+$/, ''));
    const info = await objects.head(key);
    if (info) return { path: address, type: 'file', size: info.size };
    for await (const _ of objects.list(`${key}/`)) return { path: address, type: 'directory', size: 0 };
    return undefined;
  };
  const readText = async (address: string, limit: number): Promise<string> => {
    const info = await objects.head(keyOf(address));
    if (!info || info.size === 0) return '';
    const { body } = await objects.get(keyOf(address), { start: 0, end: Math.min(limit, info.size) - 1 });
    const parts: Buffer[] = [];
    for await (const part of body) parts.push(part as Buffer);
    return Buffer.concat(parts).toString('utf8');
  };
  const checksum = (address: string): Promise<string> => Promise.reject(new Error(`no expression asks for the checksum of ${address}`));
  return { list, stat, readText, checksum };
}

/** The object of an address, where this run may read it: the address alone gives no right (rule 14). */
function readableKey(address: string, { workspace, owner, authorised, path }: FileAccess): string {
  if (!address.startsWith(scheme)) throw new ProcessFault(path, `${address} is not an address that can be read here`);
  const key = address.slice(scheme.length);
  const own =
    [`${workspace}/objects/`, `${owner}/packages/files/`].some((folder) => key.startsWith(folder)) && !key.split('/').includes('..');
  if (!own && !names(authorised, address)) throw new ProcessFault(path, `this run may not read ${address}`);
  return key;
}

/** Whether a value holds this address, or that of a folder it lies in. */
function names(value: Json, address: string): boolean {
  if (typeof value === 'string')
    return value === address || (value.startsWith(scheme) && address.startsWith(`${value.replace(/\/+$/, '')}/`));
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((item) => names(item, address));
}
