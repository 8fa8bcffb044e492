import { decide } from '@runnel/access';
import type { Principal } from '@runnel/access';
import { expandPrefix, listedPrefix } from '@runnel/cwl';
import type { CwlPackage, Json, JsonObject } from '@runnel/cwl';
import { containsReference } from '@runnel/engine';
import type { ObjectStore } from '@runnel/objects';
import { InvalidKey } from '@runnel/objects';
import { OutboundRefused } from '../outbound/request-outbound.ts';
import { parseAddress, scheme } from './addresses.ts';
import type { FileAddress } from './addresses.ts';

/** What is wrong with an input, and where: `bands[0]`. */
export interface InputFault {
  readonly path: string;
  readonly message: string;
}

export interface Caller {
  readonly principal: Principal;
  readonly workspace: string;
  /** Origins under which this service is known: addresses that begin with one are ours. */
  readonly origins: readonly string[];
}

/** Brings a file from elsewhere into the object store; rejects with OutboundRefused. */
type FetchFile = (href: string, name: string) => Promise<{ readonly key: string; readonly size: number }>;

interface Surroundings {
  readonly fetched: FetchFile;
  /** Prefixes of the process, which hold in formats of its inputs too. */
  readonly namespaces: CwlPackage['namespaces'];
}

/** Files that one Directory input may hold. */
const mostFiles = 10_000;

/**
 * Replaces the addresses in inputs by object URIs (rule 14): each is checked for the caller's right to read it and for being there. A Directory
 * is listed, since objects have no folders. Faults name the input.
 */
export async function resolveInputs(
  objects: ObjectStore,
  caller: Caller & Surroundings,
  inputs: JsonObject,
): Promise<{ readonly inputs: JsonObject } | { readonly faults: readonly InputFault[] }> {
  const faults: InputFault[] = [];
  const resolved: [string, Json][] = [];
  for (const [name, value] of Object.entries(inputs)) {
    if (containsReference(value))
      faults.push({ path: name, message: 'a value may not hold "$stored" or "$chunks": these names belong to the service' });
    else resolved.push([name, await resolveValue({ objects, caller, faults }, value, name)]);
  }
  return faults.length > 0 ? { faults } : { inputs: Object.fromEntries(resolved) };
}

interface Resolving {
  readonly objects: ObjectStore;
  readonly caller: Caller & Surroundings;
  readonly faults: InputFault[];
}

async function resolveValue(resolving: Resolving, value: Json, path: string): Promise<Json> {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    // A list of a hundred thousand numbers needs no walk of its own.
    if (!value.some((item) => typeof item === 'object')) return value;
    return mapInOrder(value, (item, index) => resolveValue(resolving, item, `${path}[${index}]`));
  }
  const entries = await mapInOrder(
    Object.entries(value),
    async ([name, item]) => [name, await resolveValue(resolving, item, `${path}.${name}`)] as const,
  );
  const inner: JsonObject = Object.fromEntries(entries);
  if (value['class'] === 'File' && typeof inner['format'] === 'string')
    inner['format'] = expandPrefix(resolving.caller.namespaces, inner['format']);
  if (value['class'] === 'File') return resolveFile(resolving, inner, path);
  if (value['class'] === 'Directory') return resolveDirectory(resolving, inner, path);
  return inner;
}

async function resolveFile(resolving: Resolving, file: JsonObject, path: string): Promise<Json> {
  const { path: plain, location = plain, ...rest } = file;
  if (location === undefined && typeof file['contents'] === 'string') return file;
  if (typeof location === 'string' && isElsewhere(location, resolving.caller)) return fetchReference(resolving, file, location, path);
  const address = authorise(resolving, location, path);
  if (!address) return file;
  const info = await head(resolving.objects, address.key);
  if (!info) {
    resolving.faults.push({ path, message: `there is no file ${shown(address)}` });
    return file;
  }
  return { ...rest, location: scheme + address.key, basename: file['basename'] ?? nameOf(address.path), size: info.size };
}

const isElsewhere = (location: string, { origins }: Caller): boolean =>
  /^https?:\/\//i.test(location) && !origins.some((origin) => location.startsWith(`${origin}/`));

/** A file of the internet is brought here before anything runs (18-062r2, 7.11.2.2). */
async function fetchReference(
  { caller, faults }: Resolving,
  { path: _path, ...file }: JsonObject,
  href: string,
  path: string,
): Promise<Json> {
  try {
    const { key, size } = await caller.fetched(href, path);
    const basename = file['basename'] ?? nameOf(decodeURI(new URL(href).pathname));
    return { ...file, location: scheme + key, basename: basename === '' ? 'input' : basename, size };
  } catch (error) {
    if (!(error instanceof OutboundRefused) && !(error instanceof URIError)) throw error;
    faults.push({ path, message: error.message });
    return file;
  }
}

async function resolveDirectory(resolving: Resolving, directory: JsonObject, path: string): Promise<Json> {
  const { path: plain, location = plain, ...rest } = directory;
  if (location === undefined && Array.isArray(directory['listing'])) return directory;
  const address = authorise(resolving, location, path);
  if (!address) return directory;
  const listing = await listFolder(resolving.objects, address.key);
  if (typeof listing === 'string') {
    resolving.faults.push({ path, message: `${shown(address)}: ${listing}` });
    return directory;
  }
  return { ...rest, location: listedPrefix + address.key, basename: directory['basename'] ?? nameOf(address.path), listing };
}

function authorise({ caller, faults }: Resolving, location: Json | undefined, path: string): FileAddress | undefined {
  if (typeof location !== 'string' || location === '') {
    faults.push({ path, message: 'a File or Directory needs a location' });
    return undefined;
  }
  const parsed = parseAddress(location, caller);
  if ('fault' in parsed) {
    faults.push({ path, message: parsed.fault });
    return undefined;
  }
  const { address } = parsed;
  const action = address.folder === 'files' ? 'file.read' : 'run.read';
  if (!decide({ principal: caller.principal, action, resource: { workspace: address.workspace } }).allow) {
    // The same as for a file that is not there: nothing is told about other workspaces.
    faults.push({ path, message: `there is no file ${shown(address)}` });
    return undefined;
  }
  return address;
}

async function head(objects: ObjectStore, key: string) {
  try {
    return await objects.head(key);
  } catch (error) {
    if (error instanceof InvalidKey) return undefined;
    throw error;
  }
}

type Folder = Map<string, Folder | { key: string; size: number }>;

/** A folder's files as nested listings; a text says why it cannot be one. */
export async function listFolder(objects: ObjectStore, key: string): Promise<Json[] | string> {
  const root: Folder = new Map();
  let count = 0;
  for await (const info of objects.list(`${key}/`)) {
    count += 1;
    if (count > mostFiles) return `it holds more than ${mostFiles} files`;
    const segments = info.key.slice(key.length + 1).split('/');
    const name = segments.pop() ?? '';
    folderAt(root, segments).set(name, { key: info.key, size: info.size });
  }
  return count === 0 ? 'there is no such folder' : listingOf(root, key);
}

function folderAt(root: Folder, segments: readonly string[]): Folder {
  let folder = root;
  for (const segment of segments) {
    const found = folder.get(segment);
    const next: Folder = found instanceof Map ? found : new Map<string, Folder>();
    if (next !== found) folder.set(segment, next);
    folder = next;
  }
  return folder;
}

function listingOf(folder: Folder, key: string): Json[] {
  return [...folder].map(([basename, entry]) =>
    entry instanceof Map
      ? { class: 'Directory', location: `${listedPrefix}${key}/${basename}`, basename, listing: listingOf(entry, `${key}/${basename}`) }
      : { class: 'File', basename, location: scheme + entry.key, size: entry.size },
  );
}

const shown = ({ workspace, folder, path }: FileAddress): string => `/workspaces/${workspace}/${folder}/${path}`;

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

async function mapInOrder<T, R>(items: readonly T[], map: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const mapped: R[] = [];
  for (const [index, item] of items.entries()) mapped.push(await map(item, index));
  return mapped;
}
