import type { Principal } from '@runnel/access';
import { expandPrefix, listedPrefix } from '@runnel/cwl';
import type { CwlPackage, Json, JsonObject } from '@runnel/cwl';
import { containsReference } from '@runnel/engine';
import { InvalidKey } from '@runnel/objects';
import { decide } from '../audit/decide.ts';
import type { ApiContext } from '../context.ts';
import { eodhPath } from '../faces/eodh/base.ts';
import { OutboundRefused } from '../outbound/request-outbound.ts';
import { isBucketAddress } from '../stage-in/stac-item.ts';
import { here, itemsOf, readReference, stageItem } from '../stage-in/stage-directory.ts';
import type { Staging } from '../stage-in/stage-directory.ts';
import { parseAddress, pathInStore, scheme } from './addresses.ts';
import type { FileAddress } from './addresses.ts';
import { listFolder } from './list-folder.ts';

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

/** Brings what inputs name elsewhere. */
export interface Fetching {
  readonly fetched: FetchFile;
  /** What staging in needs beside the caller. */
  readonly staging: Pick<Staging, 'services' | 'limits' | 'buckets' | 'workspace' | 'prefix' | 'notes'>;
  /** Prefixes of the process, which hold in formats of its inputs too. */
  readonly namespaces: CwlPackage['namespaces'];
}

/**
 * Replaces the addresses in inputs by object URIs (rule 14): each is checked for the caller's right to read it and for being there. A Directory
 * is listed, since objects have no folders. Faults name the input.
 */
export async function resolveInputs(
  services: InputServices,
  caller: Caller & Fetching,
  inputs: JsonObject,
): Promise<{ readonly inputs: JsonObject } | { readonly faults: readonly InputFault[] }> {
  const faults: InputFault[] = [];
  const resolved: [string, Json][] = [];
  for (const [name, value] of Object.entries(inputs)) {
    if (containsReference(value))
      faults.push({ path: name, message: 'a value may not hold "$stored" or "$chunks": these names belong to the service' });
    else resolved.push([name, await resolveValue({ ...services, caller, faults }, value, name)]);
  }
  return faults.length > 0 ? { faults } : { inputs: Object.fromEntries(resolved) };
}

export type InputServices = Pick<ApiContext, 'objects' | 'policy' | 'audit'>;

interface Resolving extends InputServices {
  readonly caller: Caller & Fetching;
  readonly faults: InputFault[];
}

async function resolveValue(resolving: Resolving, value: Json, path: string): Promise<Json> {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    // A list of a hundred thousand numbers needs no walk of its own.
    if (!value.some((item) => typeof item === 'object')) return value;
    const items = await mapInOrder(value, (item, index) => resolveItem(resolving, item, `${path}[${index}]`));
    return items.flat(1);
  }
  const entries = await mapInOrder(
    Object.entries(value),
    async ([name, item]) => [name, await resolveValue(resolving, item, `${path}.${name}`)] as const,
  );
  const inner: JsonObject = Object.fromEntries(entries);
  if (value['class'] === 'File' && typeof inner['format'] === 'string')
    inner['format'] = expandPrefix(resolving.caller.namespaces, inner['format']);
  if (value['class'] === 'File') return resolveFile(resolving, inner, path);
  if (value['class'] === 'Directory') return (await resolveFolders(resolving, inner, path, false))[0] ?? inner;
  return inner;
}

/** In a list: one reference may stand for several folders. */
async function resolveItem(resolving: Resolving, item: Json, path: string): Promise<Json[]> {
  const several = typeof item === 'object' && item !== null && !Array.isArray(item) && item['class'] === 'Directory';
  return several ? resolveFolders(resolving, item, path, true) : [await resolveValue(resolving, item, path)];
}

async function resolveFile(resolving: Resolving, file: JsonObject, path: string): Promise<Json> {
  const { path: plain, location: named = plain, ...rest } = file;
  const location = atHome(resolving, named);
  if (location === undefined && typeof file['contents'] === 'string') return file;
  if (typeof location === 'string' && isElsewhere(location, resolving.caller)) return fetchReference(resolving, file, location, path);
  const address = await authorise(resolving, location, path);
  if (!address) return file;
  const info = await head(resolving.objects, address.key);
  if (!info) {
    resolving.faults.push({ path, message: `there is no file ${shown(address)}` });
    return file;
  }
  return { ...rest, location: scheme + address.key, basename: file['basename'] ?? nameOf(address.path), size: info.size };
}

/** What is named in the installation's own bucket is a file of a workspace, or none. */
const atHome = <T>({ objects }: Resolving, location: T): T | string =>
  typeof location === 'string' ? (pathInStore(location, objects.uri) ?? location) : location;

const isElsewhere = (location: string, { origins }: Caller): boolean =>
  /^(https?|s3):\/\//i.test(location) && !origins.some((origin) => location.startsWith(`${origin}/`));

/** A file of the internet is brought here before anything runs (18-062r2, 7.11.2.2). */
async function fetchReference(
  { caller, faults }: Resolving,
  { path: _path, ...file }: JsonObject,
  href: string,
  path: string,
): Promise<Json> {
  try {
    const { key, size } = await caller.fetched(href, path);
    const basename = file['basename'] ?? nameOf(isBucketAddress(href) ? href : decodeURI(new URL(href).pathname));
    return { ...file, location: scheme + key, basename: basename === '' ? 'input' : basename, size };
  } catch (error) {
    if (!(error instanceof OutboundRefused) && !(error instanceof URIError)) throw error;
    faults.push({ path, message: error.message });
    return file;
  }
}

/** A folder of a workspace, or one for each STAC item that the reference stands for. */
async function resolveFolders(resolving: Resolving, directory: JsonObject, path: string, several: boolean): Promise<Json[]> {
  const { path: plain, location: named = plain, ...rest } = directory;
  const location = atHome(resolving, named);
  if (location === undefined && Array.isArray(directory['listing'])) return [directory];
  if (typeof location !== 'string' || !(await namesStac(resolving, location)))
    return [await resolveDirectory(resolving, { ...directory, ...(location === undefined ? {} : { location }) }, path)];
  const { caller, faults } = resolving;
  const staging: Staging = { ...caller.staging, principal: caller.principal, authorise: (href) => fileAt(resolving, href) };
  try {
    const address = absolute(location, caller);
    const found = await readReference(staging, address);
    if (found.kind === 'other') throw new OutboundRefused('it is neither a folder nor a STAC item');
    if (found.kind === 'several' && !several) throw new OutboundRefused(`it is ${found.what}: name one of its items`);
    const items = found.kind === 'item' ? [found.item] : await itemsOf(staging, found, address);
    return await mapInOrder(items, async (item, index) => ({
      ...rest,
      ...((await stageItem(staging, item, items.length > 1 ? `${path}-${index}` : path)) as JsonObject),
    }));
  } catch (error) {
    if (!(error instanceof OutboundRefused)) throw error;
    faults.push({ path, message: error.message.replaceAll(here, '') });
    return [directory];
  }
}

/** Whether it is fetched, or a document of ours: what else names no file is a folder. */
async function namesStac(resolving: Resolving, location: string): Promise<boolean> {
  const { caller, objects } = resolving;
  if (isElsewhere(location, caller) || new URL(absolute(location, caller), here).pathname.startsWith(`/${eodhPath}/`)) return true;
  const parsed = parseAddress(location, caller);
  return 'address' in parsed && parsed.address.path !== '' && (await head(objects, parsed.address.key)) !== undefined;
}

/** With `here` for this service, so that what stands beside it can be found. */
function absolute(location: string, { origins, workspace }: Caller): string {
  const own = origins.find((origin) => location.startsWith(`${origin}/`));
  if (own !== undefined) return here + location.slice(own.length);
  if (location.startsWith('files/')) return `${here}/workspaces/${workspace}/${location}`;
  return location.startsWith('/') ? here + location : location;
}

/** A file that a STAC document names beside itself, by the rules for files that inputs name. */
async function fileAt(resolving: Resolving, href: string): Promise<{ key: string; size: number }> {
  const faults: InputFault[] = [];
  const address = await authorise({ ...resolving, faults }, href.slice(here.length), '');
  const info = address && (await head(resolving.objects, address.key));
  if (!info) throw new OutboundRefused(faults[0]?.message ?? `there is no file ${href}`);
  return { key: info.key, size: info.size };
}

async function resolveDirectory(resolving: Resolving, directory: JsonObject, path: string): Promise<Json> {
  const { path: plain, location = plain, ...rest } = directory;
  const address = await authorise(resolving, location, path);
  if (!address) return directory;
  const listing = await listFolder(resolving.objects, address.key);
  if (typeof listing === 'string') {
    resolving.faults.push({ path, message: `${shown(address)}: ${listing}` });
    return directory;
  }
  return { ...rest, location: listedPrefix + address.key, basename: directory['basename'] ?? nameOf(address.path), listing };
}

async function authorise(resolving: Resolving, location: Json | undefined, path: string): Promise<FileAddress | undefined> {
  const { caller, faults } = resolving;
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
  const decision = await decide(resolving, { principal: caller.principal, action, resource: { workspace: address.workspace } });
  if (!decision.allow) {
    // The same as for a file that is not there: nothing is told about other workspaces.
    faults.push({ path, message: `there is no file ${shown(address)}` });
    return undefined;
  }
  return address;
}

async function head(objects: InputServices['objects'], key: string) {
  try {
    return await objects.head(key);
  } catch (error) {
    if (error instanceof InvalidKey) return undefined;
    throw error;
  }
}

const shown = ({ workspace, folder, path }: FileAddress): string => `/workspaces/${workspace}/${folder}/${path}`;

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

async function mapInOrder<T, R>(items: readonly T[], map: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const mapped: R[] = [];
  for (const [index, item] of items.entries()) mapped.push(await map(item, index));
  return mapped;
}
