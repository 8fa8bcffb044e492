import type { CwlType, CwlVersion, FileTraits, InputParameter, Json, JsonObject, LoadListing } from '../model.ts';
import type { Evaluator } from '../expression/evaluate.ts';
import type { ToolFiles } from '../ports.ts';
import type { RequirementsInForce } from '../requirements.ts';
import { requirement } from '../requirements.ts';
import { alternativeFor } from '../value-type.ts';
import { loadContents, loadListing } from './load.ts';
import { baseNameOf, completeNames } from './names.ts';
import { resolveSecondaryFiles } from './secondary-files.ts';
import type { DirectoryValue, FileValue, PathValue } from './values.ts';
import {
  addressOf,
  contentsOf,
  isDirectory,
  isFile,
  isLiteral,
  isObject,
  isPathValue,
  listingOf,
  mapPathValues,
  secondaryFilesOf,
} from './values.ts';

export interface CompleteInputsContext {
  parameters: InputParameter[];
  cwlVersion: CwlVersion;
  requirements: RequirementsInForce;
  evaluator: Evaluator;
  /** Reads by `path`, or by `location` where a value is not staged yet. */
  files: ToolFiles;
  /** Look for missing secondary files beside the primary one: for values that a user gave, not for outputs of other steps. */
  discoverSecondaryFiles: boolean;
}

/**
 * Brings an input object into the shape that expressions see: every declared input is there (null where missing), names are split, sizes,
 * secondary files, contents and listings are loaded as declared. Throws ProcessFault and ExpressionError.
 */
export async function completeInputs(inputs: JsonObject, context: CompleteInputsContext): Promise<JsonObject> {
  const named: JsonObject = {};
  for (const { id } of context.parameters) named[id] = completeNames(nameLiterals(inputs[id] ?? null, id));
  const completed: JsonObject = { ...named };
  for (const parameter of context.parameters) {
    const contents = parameter.loadContents ?? parameter.inputBinding?.loadContents;
    const traits: FileTraits = { ...parameter, ...(contents !== undefined && { loadContents: contents }) };
    const scope = { ...context, seen: named };
    completed[parameter.id] = await completeValue(named[parameter.id] ?? null, parameter.type, traits, scope, `inputs.${parameter.id}`);
  }
  return completed;
}

/** A literal without a basename gets one of the engine's choice (CommandLineTool § File). */
function nameLiterals(value: Json, id: string): Json {
  let count = 0;
  return mapPathValues(value, (found) => {
    count++;
    return isLiteral(found) && baseNameOf(found) === undefined ? { ...found, basename: `${id}-${count}` } : found;
  });
}

interface Scope extends CompleteInputsContext {
  seen: JsonObject;
}

async function completeValue(value: Json, type: CwlType, traits: FileTraits, scope: Scope, path: string): Promise<Json> {
  if (isFile(value)) return isAsDeclared(value, traits) ? value : completeFile(value, traits, scope, path);
  if (isDirectory(value)) return withSizes(await loadListing(value, listingMode(traits, scope), scope.files), scope.files);
  if (value === null || typeof value !== 'object') return value;
  const chosen = alternativeFor(value, type);
  if (Array.isArray(value)) {
    const items = typeof chosen === 'object' && chosen.type === 'array' ? chosen.items : 'Any';
    const completed: Json[] = [];
    for (const [index, item] of value.entries()) {
      // Most of thousands of files come from steps and lack nothing.
      const isDone = isFile(item) && isAsDeclared(item, traits);
      completed.push(isDone ? item : await completeValue(item, items, traits, scope, `${path}[${index}]`));
    }
    return completed;
  }
  const fields = typeof chosen === 'object' && chosen.type === 'record' ? chosen.fields : [];
  const completed: JsonObject = { ...value };
  for (const field of fields) {
    completed[field.name] = await completeValue(value[field.name] ?? null, field.type, field, scope, `${path}.${field.name}`);
  }
  return completed;
}

/** Whether a file has all that its parameter asks for. */
const isAsDeclared = (file: FileValue, traits: FileTraits): boolean =>
  typeof file['size'] === 'number' && traits.loadContents !== true && !traits.secondaryFiles?.length;

async function completeFile(value: FileValue, traits: FileTraits, scope: Scope, path: string): Promise<FileValue> {
  let file = await withSize(value, scope.files);
  if (traits.loadContents === true) file = await loadContents(file, scope.files, scope.cwlVersion, path);
  if (traits.secondaryFiles === undefined || traits.secondaryFiles.length === 0) return file;
  file = await resolveSecondaryFiles(file, traits.secondaryFiles, {
    evaluator: scope.evaluator,
    context: { inputs: scope.seen },
    requiredByDefault: true,
    path,
    ...(scope.discoverSecondaryFiles && { find: (address) => kindOf(address, scope.files) }),
  });
  return { ...file, secondaryFiles: await allWithSizes(secondaryFilesOf(file), scope.files) };
}

/** Sizes of the files that a listing brings along. */
async function withSizes(directory: DirectoryValue, files: ToolFiles): Promise<DirectoryValue> {
  return Array.isArray(directory['listing']) ? { ...directory, listing: await allWithSizes(listingOf(directory), files) } : directory;
}

function allWithSizes(values: PathValue[], files: ToolFiles): Promise<PathValue[]> {
  return Promise.all(values.map((value) => (isDirectory(value) ? withSizes(value, files) : withSize(value, files))));
}

async function withSize(file: FileValue, files: ToolFiles): Promise<FileValue> {
  if (typeof file['size'] === 'number') return file;
  if (isLiteral(file)) return { ...file, size: utf8Length(contentsOf(file)) };
  const address = addressOf(file);
  const entry = address === undefined ? undefined : await files.stat(address);
  return entry === undefined ? file : { ...file, size: entry.size };
}

/** Bytes of a text in UTF-8; this library has no TextEncoder. */
function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}

async function kindOf(address: string, files: ToolFiles): Promise<'File' | 'Directory' | undefined> {
  const entry = await files.stat(address);
  if (entry === undefined) return undefined;
  const target = entry.type === 'symlink' && entry.target !== undefined ? await files.stat(entry.target) : entry;
  return target?.type === 'directory' ? 'Directory' : 'File';
}

/** The parameter's own word, else LoadListingRequirement, else the default: nothing, but everything in v1.0. */
export function listingMode(
  traits: Pick<FileTraits, 'loadListing'>,
  scope: Pick<CompleteInputsContext, 'requirements' | 'cwlVersion'>,
): LoadListing {
  const asked = traits.loadListing ?? requirement(scope.requirements, 'LoadListingRequirement')?.loadListing;
  return asked ?? (scope.cwlVersion === 'v1.0' ? 'deep_listing' : 'no_listing');
}

/** Loads what a step input asks for (WorkflowStepInput.loadContents, loadListing) into every File and Directory of a value. */
export async function loadForStep(
  value: Json,
  what: { contents?: boolean; listing?: LoadListing },
  files: ToolFiles,
  cwlVersion: CwlVersion,
  path: string,
): Promise<Json> {
  if (Array.isArray(value)) return Promise.all(value.map((item) => loadForStep(item, what, files, cwlVersion, path)));
  if (isFile(value)) return what.contents === true ? loadContents(completeNames(value), files, cwlVersion, path) : value;
  if (isDirectory(value)) return loadListing(completeNames(value), what.listing ?? 'no_listing', files);
  if (!isObject(value) || isPathValue(value)) return value;
  const loaded = await Promise.all(
    Object.entries(value).map(async ([key, item]) => [key, await loadForStep(item, what, files, cwlVersion, path)] as const),
  );
  return Object.fromEntries(loaded);
}
