import { createHash } from 'node:crypto';
import {
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import {
  inputsByContent,
  isPathValue,
  mapPathValues,
  reuseMeaning,
  stableText,
  type Json,
  type JsonObject,
  type PathValue,
} from '@runnel/cwl';
import { checksumAndSize, type StepAttempt, type StepOutcome } from '@runnel/sandbox';

import type { Progress } from './report-progress.ts';
import type { StepCache } from './run-process.ts';

/** Changes with the meaning of an entry. */
const format = 2;

/**
 * Keeps what steps gave: a step with the same tool, inputs by content, requirements and `surroundings` is not carried out again. Steps with secrets,
 * with the network unless reuse is asked for, with changes in place or without reuse (WorkReuse) are not kept.
 */
export function createStepCache(folder: string, surroundings: string, progress: Progress): StepCache {
  const root = resolve(folder);
  mkdirSync(root, { recursive: true });
  const keys = new Map<StepAttempt, string>();
  return {
    async find(attempt) {
      const key = await keyOf(attempt, surroundings);
      if (key === undefined) return undefined;
      keys.set(attempt, key);
      const entry = join(root, key, 'outcome.json');
      if (!existsSync(entry)) return undefined;
      const outcome = JSON.parse(readFileSync(entry, 'utf8')) as StepOutcome;
      const found = { ...outcome, outputs: atHome(outcome.outputs, join(root, key)) };
      if (!isWhole(found.outputs)) return undefined;
      progress.note(`${attempt.name}: taken from the cache, ${join(root, key)}`);
      return found;
    },
    async keep(attempt, outcome) {
      const key = keys.get(attempt);
      keys.delete(attempt);
      if (key === undefined || outcome.outcome !== 'success') return outcome;
      const unfinished = mkdtempSync(join(root, '.unfinished-'));
      const outputs = keepFiles(outcome.outputs, unfinished);
      writeFileSync(join(unfinished, 'outcome.json'), JSON.stringify({ ...outcome, outputs }));
      rmSync(join(root, key), { recursive: true, force: true });
      renameSync(unfinished, join(root, key));
      return outcome;
    },
  };
}

async function keyOf(attempt: StepAttempt, surroundings: string): Promise<string | undefined> {
  const tool = attempt.package.processes[attempt.process];
  if (tool === undefined) return undefined;
  const meant = reuseMeaning(tool, attempt);
  if (meant === undefined) return undefined;
  const inputs = await inputsByContent(attempt.inputs, contentOf);
  return createHash('sha256')
    .update(stableText({ format, ...meant, inputs, surroundings }))
    .digest('hex');
}

/** A checksum that a document or tool claims is not believed. */
async function contentOf(value: PathValue, location: string): Promise<string> {
  if (!location.startsWith('file:')) return location;
  const stands = fileURLToPath(location);
  return value.class === 'Directory' ? folderDigest(stands) : (await checksumAndSize(stands)).checksum;
}

async function folderDigest(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    hash.update(`${name}\0${statSync(path).isDirectory() ? await folderDigest(path) : (await checksumAndSize(path)).checksum}\0`);
  }
  return hash.digest('hex');
}

/** Copies the files into the entry; locations in it are relative, so that the cache may be moved. */
function keepFiles(outputs: JsonObject, entry: string): JsonObject {
  let count = 0;
  const keep = (value: PathValue): PathValue => {
    const { secondaryFiles, listing } = value;
    const carried = {
      ...(Array.isArray(secondaryFiles) && { secondaryFiles: mapPathValues(secondaryFiles, keep) }),
      ...(Array.isArray(listing) && { listing: mapPathValues(listing, keep) }),
    };
    if (typeof value['location'] !== 'string' || !value['location'].startsWith('file:')) return { ...value, ...carried };
    const source = realpathSync(fileURLToPath(value['location']));
    const place = join('files', String(count++));
    mkdirSync(join(entry, place), { recursive: true });
    const name = typeof value['basename'] === 'string' ? value['basename'] : 'file';
    copyOf(source, join(entry, place, name));
    return { ...value, ...carried, location: join(place, name) };
  };
  return mapPathValues(outputs, keep) as JsonObject;
}

function copyOf(source: string, path: string): void {
  if (statSync(source).isDirectory()) return cpSync(source, path, { recursive: true, dereference: true });
  // A reflink where the file system can; never a hard link, for whoever changes an output in place must not change the cache.
  copyFileSync(source, path, constants.COPYFILE_FICLONE);
}

function atHome(outputs: JsonObject, entry: string): JsonObject {
  const home = (value: PathValue): PathValue => {
    const { location, secondaryFiles, listing } = value;
    return {
      ...value,
      ...(typeof location === 'string' && !/^[a-z]+:/.test(location) && { location: pathToFileURL(join(entry, location)).href }),
      ...(Array.isArray(secondaryFiles) && { secondaryFiles: mapPathValues(secondaryFiles, home) }),
      ...(Array.isArray(listing) && { listing: mapPathValues(listing, home) }),
    };
  };
  return mapPathValues(outputs, home) as JsonObject;
}

/** Somebody may have tidied up. */
function isWhole(value: Json): boolean {
  let whole = true;
  const look = (one: PathValue): PathValue => {
    const { location, secondaryFiles } = one;
    if (typeof location === 'string' && location.startsWith('file:') && !existsSync(fileURLToPath(location))) whole = false;
    if (Array.isArray(secondaryFiles)) for (const beside of secondaryFiles) if (isPathValue(beside)) look(beside);
    return one;
  };
  mapPathValues(value, look);
  return whole;
}
