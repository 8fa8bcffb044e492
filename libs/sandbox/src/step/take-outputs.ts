import { lstatSync, mkdirSync, readdirSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  isFile,
  isLiteral,
  mapPathValues,
  splitName,
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
  const scope: Scope = { ...context, allowed, taken: new Map(), bytes: 0, literalCount: 0 };
  const result: JsonObject = {};
  for (const [id, value] of Object.entries(outputs)) result[id] = await takeValue(value, scope);
  return { outputs: result, bytes: scope.bytes };
}

interface Scope extends TakeContext {
  /** What the places really are, wherever links lead. */
  allowed: () => string[];
  taken: Map<string, Promise<{ location: string; checksum: string; size: number }>>;
  bytes: number;
  literalCount: number;
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
  return { ...fields, basename, ...splitName(basename), ...(await takeOnce(written, scope)) };
}

/** A file that stands in several outputs is kept once. */
function takeOnce(path: string, scope: Scope): Promise<{ location: string; checksum: string; size: number }> {
  const known = scope.taken.get(path);
  if (known) return known;
  assertAllowed(path, scope);
  const taken = scope.exchange.takeOut(path).then((kept) => {
    scope.bytes += kept.size;
    return kept;
  });
  scope.taken.set(path, taken);
  return taken;
}

async function takeDirectory(value: DirectoryValue, scope: Scope): Promise<DirectoryValue> {
  const path = typeof value['path'] === 'string' ? scope.onHost(value['path']) : undefined;
  const { path: _path, dirname: _dirname, listing, ...fields } = value;
  if (path === undefined) {
    return Array.isArray(listing) && isLiteral(value) ? { ...fields, listing: await takeAll(listing, scope) } : fields;
  }
  assertAllowed(path, scope);
  if (scope.exchange.takeOutDirectory === undefined) return { ...fields, listing: await takeFolder(path, scope) };
  assertAllAllowed(path, scope);
  return { ...fields, location: await scope.exchange.takeOutDirectory(path) };
}

async function takeFolder(folder: string, scope: Scope): Promise<PathValue[]> {
  const listing: PathValue[] = [];
  for (const basename of readdirSync(folder).sort()) {
    const path = join(folder, basename);
    assertAllowed(path, scope);
    const stat = statSync(path);
    if (stat.isDirectory()) listing.push({ class: 'Directory', basename, listing: await takeFolder(path, scope) });
    else if (stat.isFile()) listing.push({ class: 'File', basename, ...splitName(basename), ...(await takeOnce(path, scope)) });
  }
  return listing;
}

function assertAllAllowed(folder: string, scope: Scope): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) assertAllowed(path, scope);
    else if (entry.isDirectory()) assertAllAllowed(path, scope);
  }
}

/** The last check before a file leaves: wherever names and links lead, it lies in the step's own folders or is one of its inputs. */
function assertAllowed(path: string, scope: Scope): void {
  if (standsInFolder(path, scope.places.out)) return;
  let real: string;
  try {
    real = realpathSync.native(path);
  } catch {
    throw new StepFault('outputs', `${path} does not exist, or is a link to something that does not`);
  }
  if (!scope.allowed().some((place) => real === place || real.startsWith(`${place}/`))) {
    throw new StepFault('outputs', `${path} leads to ${real}, which is neither in the output directory nor an input`);
  }
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
