import type { Json, JsonObject } from '../model.ts';
import { completeNames, directoryName, isWithin, joinPath, locationToPath, relatedLocation } from '../files/names.ts';
import type { PathValue } from '../files/values.ts';
import { isLiteral, listingOf, mapPathValues, secondaryFilesOf, textField, visitPathValues } from '../files/values.ts';
import { ProcessFault } from '../process-fault.ts';
import type { OutputTree } from './output-tree.ts';

/** Inputs of the invocation by the path and by the location they have, so that outputs may pass them on. */
export interface KnownInputs {
  byPath: Map<string, PathValue>;
  byLocation: Map<string, PathValue>;
}

export function knownInputs(inputs: JsonObject): KnownInputs {
  const known: KnownInputs = { byPath: new Map(), byLocation: new Map() };
  visitPathValues(inputs, (value) => {
    const path = textField(value, 'path');
    const location = textField(value, 'location');
    if (path !== undefined) known.byPath.set(path, value);
    if (location !== undefined) known.byLocation.set(location, value);
  });
  return known;
}

export interface OutputScope {
  outdir: string;
  tree: OutputTree;
  inputs: KnownInputs;
}

/** The File or Directory at a path of the output directory; links are followed, but the name stays that of the link. */
export async function valueAt(path: string, scope: OutputScope, where: string): Promise<PathValue | undefined> {
  const end = await scope.tree.find(path);
  if (end === undefined) return undefined;
  if ('outside' in end)
    throw new ProcessFault(where, `${path} is a link to ${end.outside}, which is neither in the output directory nor an input`);
  if ('dangling' in end) throw new ProcessFault(where, `${path} is a link to ${end.dangling}, which does not exist`);
  if (end.entry.type === 'directory' && isWithin(end.entry.path, scope.outdir)) await assertLinksInside(end.entry.path, scope, where);
  if (end.entry.type === 'other') throw new ProcessFault(where, `${path} is neither a file nor a directory`);
  const input = isWithin(end.entry.path, scope.outdir) ? undefined : scope.inputs.byPath.get(end.entry.path);
  const location = input === undefined ? undefined : textField(input, 'location');
  const value: JsonObject = {
    class: end.entry.type === 'directory' ? 'Directory' : 'File',
    path,
    ...(location !== undefined && { location }),
    ...(end.entry.type === 'file' && { size: end.entry.size }),
  };
  return completeNames(value) as PathValue;
}

async function assertLinksInside(directory: string, scope: OutputScope, where: string): Promise<void> {
  for (const link of await scope.tree.linksBelow(directory)) {
    const end = await scope.tree.follow(link);
    if ('outside' in end)
      throw new ProcessFault(where, `${link.path} is a link to ${end.outside}, which is neither in the output directory nor an input`);
  }
}

/**
 * Settles where the files of an output come from: a path in the output directory, or the location of an input that is passed on. Throws
 * ProcessFault for anything else (a tool's word about other files counts nothing).
 */
export async function settleOutput(value: Json, scope: OutputScope, where: string): Promise<Json> {
  const found: PathValue[] = [];
  mapPathValues(value, (item) => {
    found.push(item);
    return null;
  });
  const settled = new Map<PathValue, PathValue>();
  for (const item of found) settled.set(item, await settleOne(item, scope, where));
  return mapPathValues(value, (item) => settled.get(item) ?? item);
}

async function settleOne(value: PathValue, scope: OutputScope, where: string): Promise<PathValue> {
  const own = isLiteral(value) && textField(value, 'path') === undefined ? completeNames(value) : await settleExisting(value, scope, where);
  const carried: JsonObject = {};
  if (Array.isArray(value['secondaryFiles'])) carried['secondaryFiles'] = await settleAll(secondaryFilesOf(value), scope, where);
  if (Array.isArray(value['listing'])) carried['listing'] = await settleAll(listingOf(value), scope, where);
  return { ...own, ...carried };
}

async function settleAll(values: PathValue[], scope: OutputScope, where: string): Promise<PathValue[]> {
  const settled: PathValue[] = [];
  for (const value of values) settled.push(await settleOne(value, scope, where));
  return settled;
}

/** What a tool says of size and checksum counts nothing: they are those of the input, or of the file as it is taken out. */
async function settleExisting(value: PathValue, scope: OutputScope, where: string): Promise<PathValue> {
  const said: PathValue = withoutPath(value);
  for (const field of ['location', 'size', 'checksum']) delete said[field];
  const path = pathInTool(value, scope, where);
  const location =
    path === undefined ? textField(value, 'location') : isWithin(path, scope.outdir) ? undefined : passedOnInput(path, scope.inputs);
  if (location !== undefined) return completeNames({ ...said, location, ...measures(scope.inputs.byLocation.get(location)) });
  const actual = (await valueAt(path ?? scope.outdir, scope, where)) ?? (await decodedValueAt(value, scope, where));
  if (actual === undefined) throw new ProcessFault(where, `${path} does not exist`);
  if (actual.class !== value.class) throw new ProcessFault(where, `${path} is a ${actual.class}, not a ${value.class}`);
  const named = completeNames({ ...actual, ...said, ...measures(actual) });
  return textField(actual, 'location') === undefined ? named : withoutPath(named);
}

/** A relative location may be a reference, `b%20c.txt`, as the standard says, where no file of just this name is. */
async function decodedValueAt(value: PathValue, scope: OutputScope, where: string): Promise<PathValue | undefined> {
  const location = textField(value, 'location');
  const named = location !== undefined && textField(value, 'path') === undefined;
  const path = named ? locationToPath(`file:${location}`) : undefined;
  return path === undefined || path === location
    ? undefined
    : valueAt(pathInTool({ ...value, path }, scope, where) ?? scope.outdir, scope, where);
}

function measures(value: PathValue | undefined): JsonObject {
  return {
    ...(value?.['size'] !== undefined && { size: value['size'] }),
    ...(value?.['checksum'] !== undefined && { checksum: value['checksum'] }),
  };
}

/** Absolute path as the tool sees it; undefined where the value is an input named by its location. */
function pathInTool(value: PathValue, scope: OutputScope, where: string): string | undefined {
  const location = textField(value, 'location');
  const path =
    textField(value, 'path') ?? (location === undefined || scope.inputs.byLocation.has(location) ? undefined : locationToPath(location));
  if (path === undefined) {
    if (location !== undefined && scope.inputs.byLocation.has(location)) return undefined;
    throw new ProcessFault(
      where,
      `a ${value.class} says neither a path in the output directory nor the location of an input${location === undefined ? '' : `: ${location}`}`,
    );
  }
  const absolute = joinPath(scope.outdir, path);
  if (isWithin(absolute, scope.outdir) || passedOnInput(absolute, scope.inputs) !== undefined) return absolute;
  throw new ProcessFault(where, `${absolute} is neither in the output directory ${scope.outdir} nor an input`);
}

/** Location of the input at a path, also of what lies in an input directory. */
function passedOnInput(path: string, inputs: KnownInputs): string | undefined {
  for (let current = path, inner = ''; current !== '/' && current !== ''; current = directoryName(current)) {
    const input = inputs.byPath.get(current);
    const location = input === undefined ? undefined : textField(input, 'location');
    if (location !== undefined) return inner === '' ? location : relatedLocation(location, inner, true);
    inner = `${current.slice(current.lastIndexOf('/') + 1)}${inner === '' ? '' : `/${inner}`}`;
  }
  return undefined;
}

function withoutPath(value: PathValue): PathValue {
  const kept: PathValue = { ...value };
  delete kept['path'];
  delete kept['dirname'];
  return kept;
}
