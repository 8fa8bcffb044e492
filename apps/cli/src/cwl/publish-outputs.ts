import { constants, copyFileSync, existsSync, mkdirSync, realpathSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  baseNameOf,
  isFile,
  isPathValue,
  mapPathValues,
  pathToLocation,
  splitName,
  type Json,
  type JsonObject,
  type PathValue,
} from '@runnel/cwl';
import { checksumAndSize } from '@runnel/sandbox';

import { CwlFault } from './fault.ts';
import { tryLink } from './try-link.ts';

interface Publication {
  outdir: string;
  /** Files below it are ours: their first name in the output directory costs no copy. */
  workRoot: string;
  /** Where a source went, so that a value that stands in several outputs is one file. */
  placed: Map<string, string>;
  linked: Set<string>;
  /** How many names were tried for a path: 10,000 files of one name would else look 10,000 times each. */
  tried: Map<string, number>;
}

/** Puts the files of an output object into the output directory; values then have `path` and `location`, checksum, size and listing. */
export async function publishOutputs(outputs: JsonObject, options: { outdir: string; workRoot: string }): Promise<JsonObject> {
  mkdirSync(options.outdir, { recursive: true });
  const publication: Publication = {
    outdir: realpathSync(options.outdir),
    workRoot: realpathSync(options.workRoot),
    placed: new Map(),
    linked: new Set(),
    tried: new Map(),
  };
  const published: JsonObject = {};
  for (const [id, value] of Object.entries(outputs)) published[id] = await publishValue(value, publication);
  return published;
}

async function publishValue(value: Json, publication: Publication): Promise<Json> {
  const found: PathValue[] = [];
  mapPathValues(value, (one) => {
    found.push(one);
    return null;
  });
  const published = new Map<PathValue, PathValue>();
  for (const one of found) published.set(one, await publishTop(one, publication));
  return mapPathValues(value, (one) => published.get(one) ?? one);
}

/** A file with secondary files needs them beside it under their own names: where one is taken, all go into a folder of their own. */
async function publishTop(value: PathValue, publication: Publication): Promise<PathValue> {
  const beside = secondaryOf(value);
  if (beside.length === 0) return publishAt(value, freePath(value, publication.outdir, publication), publication);
  const free = [value, ...beside].every((one) => !isTaken(one, publication));
  const folder = free ? publication.outdir : freeName(publication.outdir, `${baseNameOf(value) ?? 'output'}_files`, publication);
  mkdirSync(folder, { recursive: true });
  return publishAt(value, join(folder, baseNameOf(value) ?? 'output'), publication);
}

function secondaryOf(value: PathValue): PathValue[] {
  const { secondaryFiles } = value;
  return Array.isArray(secondaryFiles) ? secondaryFiles.filter(isPathValue) : [];
}

function isTaken(value: PathValue, { outdir, placed }: Publication): boolean {
  const path = join(outdir, baseNameOf(value) ?? 'output');
  return existsSync(path) && placed.get(sourceKey(value)) !== path;
}

/** Links to one file are one source. */
function sourceKey(value: PathValue): string {
  const { location } = value;
  const source = typeof location !== 'string' ? '' : location.startsWith('file:') ? realPath(location) : location;
  return `${source} ${baseNameOf(value) ?? ''}`;
}

function freePath(value: PathValue, folder: string, publication: Publication): string {
  return publication.placed.get(sourceKey(value)) ?? freeName(folder, baseNameOf(value) ?? 'output', publication);
}

/** `name`, else `name_2`, `name_3` with the extension kept at the end. */
function freeName(folder: string, name: string, { tried }: Publication): string {
  const { nameroot, nameext } = splitName(name);
  const wanted = join(folder, name);
  for (let count = (tried.get(wanted) ?? 0) + 1; ; count += 1) {
    const path = count === 1 ? wanted : join(folder, `${nameroot}_${count}${nameext}`);
    if (existsSync(path)) continue;
    tried.set(wanted, count);
    return path;
  }
}

async function publishAt(value: PathValue, path: string, publication: Publication): Promise<PathValue> {
  const { listing, secondaryFiles: _secondary, contents, dirname: _dirname, ...fields } = value;
  const source = typeof value['location'] === 'string' && value['location'].startsWith('file:') ? realPath(value['location']) : undefined;
  const basename = path.slice(path.lastIndexOf('/') + 1);
  const named = { ...fields, location: pathToLocation(path), path, basename };
  const beside: PathValue[] = [];
  for (const one of secondaryOf(value)) beside.push(await publishAt(one, join(path, '..', baseNameOf(one) ?? 'output'), publication));
  const secondary = beside.length === 0 ? {} : { secondaryFiles: beside };

  if (isFile(value)) {
    if (source !== undefined) placeFile(source, path, publication);
    else if (typeof contents === 'string') writeFileSync(path, contents);
    else throw new CwlFault(`the output ${basename} has neither a local file nor contents`);
    publication.placed.set(sourceKey(value), path);
    const known = typeof fields['checksum'] === 'string' && typeof fields['size'] === 'number';
    return { ...named, ...splitName(basename), ...(known ? {} : await checksumAndSize(path)), ...secondary, class: 'File' };
  }
  mkdirSync(path, { recursive: true });
  publication.placed.set(sourceKey(value), path);
  const entries = source === undefined ? literalEntries(listing) : folderEntries(source);
  const published: PathValue[] = [];
  for (const entry of entries) published.push(await publishAt(entry, join(path, baseNameOf(entry) ?? 'entry'), publication));
  return { ...named, listing: published, ...secondary, class: 'Directory' };
}

function literalEntries(listing: Json | undefined): PathValue[] {
  return Array.isArray(listing) ? listing.filter(isPathValue) : [];
}

function folderEntries(folder: string): PathValue[] {
  return readdirSync(folder)
    .sort()
    .map((basename) => {
      const path = join(folder, basename);
      return { class: statSync(path).isDirectory() ? 'Directory' : 'File', basename, location: pathToLocation(path) };
    });
}

function placeFile(source: string, path: string, { workRoot, linked }: Publication): void {
  if (existsSync(path)) return;
  const isOurs = source.startsWith(`${workRoot}/`) && !linked.has(source);
  if (isOurs && tryLink(source, path)) linked.add(source);
  else copyFileSync(source, path, constants.COPYFILE_FICLONE);
}

function realPath(location: string): string {
  return realpathSync(fileURLToPath(location));
}
