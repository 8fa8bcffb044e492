import type { JsonObject, Json } from '../model.ts';
import { ProcessFault } from '../process-fault.ts';
import { baseNameOf, completeNames, directoryName, joinPath, pathToLocation } from '../files/names.ts';
import type { PathValue } from '../files/values.ts';
import { contentsOf, isDirectory, isFile, isLiteral, listingOf, mapPathValues, secondaryFilesOf, textField } from '../files/values.ts';

/**
 * One thing to put in place before the tool starts; directories above `target` are made as needed, entries are carried out in order. `writable`:
 * the tool may change it, so it is a copy of its own.
 */
export type StagingEntry =
  | {
      kind: 'file' | 'directory';
      source: string;
      target: string;
      writable: boolean;
      /** Change the original, not a copy (InplaceUpdateRequirement). */ inPlace?: boolean;
    }
  | { kind: 'literal'; contents: string; target: string; writable: boolean }
  | { kind: 'empty-directory'; target: string; writable: boolean };

export interface StagingPlan {
  entries: StagingEntry[];
  /** The input object with `path` (and dirname) of every File and Directory as the tool will see it. */
  inputs: JsonObject;
}

export interface StageInputsOptions {
  /** Where inputs are put, as the tool sees it; each file gets a folder of its own below it, so that equal names do not collide. */
  directory: string;
  /** Path at which a location can be used where it stands; undefined where it has to be brought in. It must end in the value's basename. */
  resident?: (location: string) => string | undefined;
}

/** Plans where the files of an input object stand when the tool runs. Throws ProcessFault for values without name or content, and for collisions. */
export function stageInputs(inputs: JsonObject, options: StageInputsOptions): StagingPlan {
  const entries: StagingEntry[] = [];
  const folders = new Map<string, PathValue>();
  const place = (id: string) => (value: PathValue) => {
    const resident = residentValue(value, options);
    if (resident !== undefined) return resident;
    const identity = JSON.stringify(value);
    const known = folders.get(identity);
    if (known !== undefined) return known;
    const folder = joinPath(options.directory, String(folders.size));
    const plan = placeValue(value, folder, { writable: false, path: `inputs.${id}` });
    entries.push(...plan.entries);
    folders.set(identity, plan.value);
    return plan.value;
  };
  const staged = Object.entries(inputs).map(([id, value]): [string, Json] => [id, mapPathValues(value, place(id))]);
  assertNoCollisions(entries, 'inputs');
  return { entries, inputs: Object.fromEntries(staged) };
}

/** A value that can be used where it stands, with everything it carries along beside it. */
function residentValue(value: PathValue, options: StageInputsOptions): PathValue | undefined {
  const location = textField(value, 'location');
  const path = location === undefined || isLiteral(value) ? undefined : options.resident?.(location);
  if (path === undefined || joinPath(directoryName(path), baseNameOf(value) ?? '') !== path) return undefined;
  const beside = secondaryFilesOf(value).map((file) => residentValue(file, options));
  if (beside.some((file) => file === undefined || directoryName(textField(file, 'path') ?? '') !== directoryName(path))) return undefined;
  return withPath(value, path);
}

export interface PlaceOptions {
  writable: boolean;
  inPlace?: boolean;
  /** Name below the folder, may have slashes; absent: the value's basename. */
  name?: string;
  path: string;
}

/** Plans one File or Directory with its secondary files and listing below `folder`. */
export function placeValue(value: PathValue, folder: string, options: PlaceOptions): { entries: StagingEntry[]; value: PathValue } {
  const name = options.name ?? baseNameOf(value);
  if (name === undefined) throw new ProcessFault(options.path, `a ${value.class} literal needs a basename`);
  if (options.name === undefined && (name.includes('/') || name === '.' || name === '..'))
    throw new ProcessFault(options.path, `${name} is no basename`);
  const target = joinPath(folder, name);
  const nested: PlaceOptions = { writable: options.writable, path: options.path, ...(options.inPlace === true && { inPlace: true }) };
  const entries: StagingEntry[] = [entryFor(value, target, nested)];
  if (isDirectory(value) && isLiteral(value)) {
    for (const item of listingOf(value)) entries.push(...placeValue(item, target, nested).entries);
  }
  for (const file of isFile(value) ? secondaryFilesOf(value) : []) entries.push(...placeValue(file, directoryName(target), nested).entries);
  return { entries, value: withPath(value, target) };
}

function entryFor(value: PathValue, target: string, options: PlaceOptions): StagingEntry {
  const { writable } = options;
  const path = textField(value, 'path');
  if (isLiteral(value)) {
    return isFile(value)
      ? { kind: 'literal', contents: contentsOf(value), target, writable }
      : { kind: 'empty-directory', target, writable };
  }
  const source = textField(value, 'location') ?? (path === undefined ? undefined : pathToLocation(path));
  if (source === undefined)
    throw new ProcessFault(options.path, `a ${value.class} needs a location, or ${isFile(value) ? 'contents' : 'a listing'}`);
  const kind = isFile(value) ? 'file' : 'directory';
  return { kind, source, target, writable, ...(options.inPlace === true && writable && { inPlace: true }) };
}

/** The value as it stands at `path`; what it carries along stands beside it or, for a listing, below it. */
export function withPath(value: PathValue, path: string): PathValue {
  const moved: PathValue = { ...value, path, basename: path.slice(path.lastIndexOf('/') + 1) };
  if (isFile(moved)) moved['dirname'] = directoryName(path);
  const secondary = secondaryFilesOf(value);
  if (secondary.length > 0)
    moved['secondaryFiles'] = secondary.map((file) => withPath(file, joinPath(directoryName(path), baseNameOf(file) ?? '')));
  if (Array.isArray(value['listing']))
    moved['listing'] = listingOf(value).map((item) => withPath(item, joinPath(path, baseNameOf(item) ?? '')));
  return completeNames(moved);
}

/** The same name for two different things is a fault; directories of the same name are one. */
export function assertNoCollisions(entries: StagingEntry[], path: string): void {
  const byTarget = new Map<string, string>();
  for (const { target, ...what } of entries) {
    const content = JSON.stringify(what);
    const known = byTarget.get(target);
    if (known !== undefined && known !== content) {
      throw new ProcessFault(path, `two different files would be staged as ${target}; give one of them another name`);
    }
    byTarget.set(target, content);
  }
}
