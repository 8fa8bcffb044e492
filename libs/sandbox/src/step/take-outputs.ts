import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  isFile,
  isLiteral,
  listedPrefix,
  mapPathValues,
  splitName,
  visitPathValues,
  type DirectoryValue,
  type FileValue,
  type Json,
  type JsonObject,
  type PathValue,
} from '@runnel/cwl';

import type { FileExchange } from '../types.ts';
import { StepFault } from './failures.ts';

export interface TakeContext {
  exchange: FileExchange;
  onHost: (path: string) => string;
  /** Where on the host an output, or what its links lead to, may lie: in the output folder, or where an input stands. */
  places: { out: string; readable: string[] };
  /** Folder for the files that literals become. */
  literals: string;
}

export interface TakenOutputs {
  outputs: JsonObject;
  bytes: number;
}

/** Hands every file of an output object to the exchange: values then have a location and no path. */
export async function takeOutputs(outputs: JsonObject, context: TakeContext): Promise<TakenOutputs> {
  let real: string[] | undefined;
  const allowed = (): string[] => (real ??= [context.places.out, ...context.places.readable].map(realPath));
  const scope: Scope = { ...context, allowed, found: new Map(), folders: new Map(), taken: new Map(), bytes: 0, literalCount: 0 };
  survey(outputs, scope);
  const result: JsonObject = {};
  for (const [id, value] of Object.entries(outputs)) result[id] = await takeValue(value, scope);
  return { outputs: result, bytes: scope.bytes };
}

interface Scope extends TakeContext {
  /** What the places really are, wherever links lead. */
  allowed: () => string[];
  /** Where each path leads, and what is in each folder: a file that was taken may be gone from where other outputs see it too. */
  found: Map<string, string>;
  folders: Map<string, FolderEntry[]>;
  taken: Map<string, Promise<{ location: string; checksum: string; size: number }>>;
  bytes: number;
  literalCount: number;
}

interface FolderEntry {
  name: string;
  path: string;
  isFolder: boolean;
}

function survey(outputs: JsonObject, scope: Scope): void {
  visitPathValues(outputs, (value) => {
    if (typeof value['path'] !== 'string') return;
    const path = scope.onHost(value['path']);
    scope.found.set(path, placeOf(path, scope));
    if (!isFile(value)) surveyFolder(path, scope);
  });
}

function surveyFolder(folder: string, scope: Scope): void {
  const entries: FolderEntry[] = [];
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    scope.found.set(path, placeOf(path, scope));
    const stat = statSync(path);
    if (stat.isDirectory()) surveyFolder(path, scope);
    if (stat.isDirectory() || stat.isFile()) entries.push({ name, path, isFolder: stat.isDirectory() });
  }
  scope.folders.set(folder, entries);
}

async function takeValue(value: Json, scope: Scope): Promise<Json> {
  const found: PathValue[] = [];
  mapPathValues(value, (one) => {
    found.push(one);
    return null;
  });
  if (found.length === 0) return value;
  const replaced = new Map<PathValue, PathValue>();
  for (const one of found) replaced.set(one, await takePathValue(one, scope));
  return mapPathValues(value, (one) => replaced.get(one) ?? one);
}

async function takePathValue(value: PathValue, scope: Scope): Promise<PathValue> {
  const taken = isFile(value) ? await takeFile(value, scope) : await takeDirectory(value, scope);
  const secondary = value['secondaryFiles'];
  if (!Array.isArray(secondary) || secondary.length === 0) return taken;
  return { ...taken, secondaryFiles: await takeAll(secondary, scope) };
}

async function takeAll(values: Json[], scope: Scope): Promise<Json[]> {
  const taken: Json[] = [];
  for (const value of values) taken.push(await takeValue(value, scope));
  return taken;
}

async function takeFile(value: FileValue, scope: Scope): Promise<FileValue> {
  const path = typeof value['path'] === 'string' ? scope.onHost(value['path']) : undefined;
  const { path: _path, dirname: _dirname, contents, ...fields } = value;
  if (path !== undefined) return { ...fields, ...(await takeOnce(path, scope)) };
  if (!isLiteral(value) || typeof contents !== 'string') return fields;
  const basename = typeof fields['basename'] === 'string' ? fields['basename'] : `literal-${scope.literalCount}`;
  const folder = join(scope.literals, String(scope.literalCount));
  scope.literalCount += 1;
  mkdirSync(folder, { recursive: true });
  const written = join(folder, basename);
  writeFileSync(written, contents);
  scope.found.set(written, written);
  return { ...fields, basename, ...splitName(basename), ...(await takeOnce(written, scope)) };
}

/** A file that stands in several outputs is kept once. */
function takeOnce(path: string, scope: Scope): Promise<{ location: string; checksum: string; size: number }> {
  // A link and what it leads to are one file.
  const place = scope.found.get(path) ?? placeOf(path, scope);
  const known = scope.taken.get(place);
  if (known) return known;
  const taken = scope.exchange.takeOut(place).then((kept) => {
    scope.bytes += kept.size;
    return kept;
  });
  scope.taken.set(place, taken);
  return taken;
}

async function takeDirectory(value: DirectoryValue, scope: Scope): Promise<DirectoryValue> {
  const path = typeof value['path'] === 'string' ? scope.onHost(value['path']) : undefined;
  const { path: _path, dirname: _dirname, listing, ...fields } = value;
  if (path === undefined) {
    return Array.isArray(listing) && isLiteral(value) ? { ...fields, listing: await takeAll(listing, scope) } : fields;
  }
  if (scope.exchange.takeOutDirectory === undefined) return { ...fields, ...listed(await takeFolder(path, scope)) };
  return { ...fields, location: await scope.exchange.takeOutDirectory(path) };
}

/** A folder that is kept as its files; its location tells it from others, and how it came to have a listing. */
export function listed(listing: PathValue[]): { location: string; listing: PathValue[] } {
  return { location: listedPrefix + createHash('sha256').update(JSON.stringify(listing)).digest('hex'), listing };
}

async function takeFolder(folder: string, scope: Scope): Promise<PathValue[]> {
  const listing: PathValue[] = [];
  for (const { name: basename, path, isFolder } of scope.folders.get(folder) ?? []) {
    if (isFolder) listing.push({ class: 'Directory', basename, ...listed(await takeFolder(path, scope)) });
    else listing.push({ class: 'File', basename, ...splitName(basename), ...(await takeOnce(path, scope)) });
  }
  return listing;
}

/**
 * The last check before a file leaves: wherever names and links lead, it lies in the step's own folders or is one of its inputs. Answers where, the
 * same for all names of one file.
 */
function placeOf(path: string, scope: Scope): string {
  const { out } = scope.places;
  if (standsInFolder(path, out)) return path;
  let real: string;
  try {
    real = realpathSync.native(path);
  } catch {
    throw new StepFault('outputs', `${path} does not exist, or is a link to something that does not`);
  }
  if (!scope.allowed().some((place) => real === place || real.startsWith(`${place}/`))) {
    throw new StepFault('outputs', `${path} leads to ${real}, which is neither in the output directory nor an input`);
  }
  const [realOut = out] = scope.allowed();
  return real.startsWith(`${realOut}/`) ? out + real.slice(realOut.length) : real;
}

/** A plain file directly in a folder of ours: there is no link that could lead elsewhere, and one look tells. */
function standsInFolder(path: string, folder: string): boolean {
  const name = path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : '';
  return name !== '' && name !== '..' && !name.includes('/') && lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}
