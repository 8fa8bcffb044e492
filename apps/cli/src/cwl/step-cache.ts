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
  isLiteral,
  isPathValue,
  mapPathValues,
  requirement,
  requirementsInForce,
  type Json,
  type JsonObject,
  type PathValue,
} from '@runnel/cwl';
import { checksumAndSize, type StepAttempt, type StepOutcome } from '@runnel/sandbox';

import type { Progress } from './report-progress.ts';
import type { StepCache } from './run-process.ts';

/** Changes with the meaning of an entry. */
const format = 1;

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
  const inForce = requirementsInForce(tool, attempt);
  const reuse = requirement(inForce, 'WorkReuse')?.enableReuse;
  const network = requirement(inForce, 'NetworkAccess')?.networkAccess ?? false;
  const changes = requirement(inForce, 'InplaceUpdateRequirement')?.inplaceUpdate === true;
  // Whether an expression allows reuse is known only when the tool is about to run.
  if (reuse === false || typeof reuse === 'string' || changes || requirement(inForce, 'Secrets') !== undefined) return undefined;
  if (network !== false && reuse !== true) return undefined;
  const { id: _id, label: _label, doc: _doc, metadata: _metadata, ...meaning } = tool;
  const inputs = await byContent(attempt.inputs);
  const described = { format, meaning, requirements: attempt.requirements, hints: attempt.hints, inputs, surroundings };
  return createHash('sha256').update(stableText(described)).digest('hex');
}

/** Files count by name and content, wherever they are. A checksum that a document or tool claims is not believed. */
async function byContent(value: Json): Promise<Json> {
  const found: PathValue[] = [];
  mapPathValues(value, (one) => {
    found.push(one);
    return null;
  });
  const described = new Map<PathValue, PathValue>();
  for (const one of found) described.set(one, await describe(one));
  return mapPathValues(value, (one) => described.get(one) ?? one);
}

async function describe(value: PathValue): Promise<PathValue> {
  const { location, path: _path, dirname: _dirname, secondaryFiles, listing, ...rest } = value;
  const beside = Array.isArray(secondaryFiles) ? { secondaryFiles: await byContent(secondaryFiles) } : {};
  if (isLiteral(value) || typeof location !== 'string' || !location.startsWith('file:'))
    return {
      ...rest,
      ...(listing !== undefined && { listing: await byContent(listing) }),
      ...beside,
      ...(typeof location === 'string' && { location }),
    };
  const stands = fileURLToPath(location);
  const content = value.class === 'Directory' ? await folderDigest(stands) : (await checksumAndSize(stands)).checksum;
  return { ...rest, ...beside, checksum: content };
}

async function folderDigest(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    hash.update(`${name}\0${statSync(path).isDirectory() ? await folderDigest(path) : (await checksumAndSize(path)).checksum}\0`);
  }
  return hash.digest('hex');
}

/** JSON with sorted keys. */
function stableText(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
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
