import type { CwlType, Json, JsonObject, OutputBinding, OutputParameter, RecordField } from '../model.ts';
import { loadContents, loadListing } from '../files/load.ts';
import { isWithin, joinPath } from '../files/names.ts';
import { resolveSecondaryFiles } from '../files/secondary-files.ts';
import type { FileValue, PathValue } from '../files/values.ts';
import { addressOf, isDirectory, isFile, mapPathValues, textField } from '../files/values.ts';
import { ProcessFault } from '../process-fault.ts';
import { requirement } from '../requirements.ts';
import { showType } from '../check/show-type.ts';
import { describeValue } from '../load/raw.ts';
import { isOfType, isOptional } from '../value-type.ts';
import type { CollectScope } from './collect-outputs.ts';
import { valueAt } from './output-values.ts';

/** Collects one output or record field: glob, loadContents, outputEval, secondaryFiles, format, in this order (CommandOutputBinding). */
export async function collectOutput(declared: OutputParameter | RecordField, where: string, scope: CollectScope): Promise<Json> {
  const binding = declared.outputBinding;
  const fields = recordFields(declared.type);
  if (binding === undefined && fields !== undefined) return collectFields(fields, where, scope);
  if (binding === undefined) return null;
  const patterns = await globPatterns(binding, where, scope);
  const matches = await loaded(await matchesOf(patterns, where, scope), binding, where, scope);
  const value =
    binding.outputEval === undefined
      ? shapeMatches(matches, declared.type, patterns, where)
      : unwrapSingle(
          await scope.evaluator(
            binding.outputEval,
            { ...scope.seen, self: await measured(matches, binding, scope) },
            `${where}.outputBinding.outputEval`,
          ),
          declared.type,
        );
  if (value === null && fields !== undefined && !isOptional(declared.type)) return collectFields(fields, where, scope);
  return withTraits(value, declared, where, scope);
}

function recordFields(type: CwlType): RecordField[] | undefined {
  const records = (Array.isArray(type) ? type : [type]).filter((alternative) => typeof alternative === 'object' && 'fields' in alternative);
  const [record] = records;
  return record !== undefined && !Array.isArray(record) && record.type === 'record' ? record.fields : undefined;
}

async function collectFields(fields: RecordField[], where: string, scope: CollectScope): Promise<JsonObject> {
  const value: JsonObject = {};
  for (const field of fields) value[field.name] = await collectOutput(field, `${where}.${field.name}`, scope);
  return value;
}

async function globPatterns(binding: OutputBinding, where: string, scope: CollectScope): Promise<string[]> {
  const patterns: string[] = [];
  for (const written of binding.glob ?? []) {
    const value = await scope.evaluator(written, { ...scope.seen, self: null }, `${where}.outputBinding.glob`);
    for (const pattern of Array.isArray(value) ? value : [value]) {
      if (typeof pattern === 'string') patterns.push(pattern);
      else if (pattern !== null) throw new ProcessFault(`${where}.outputBinding.glob`, `must give patterns, not ${describeValue(pattern)}`);
    }
  }
  return patterns.filter((pattern) => pattern !== '');
}

async function matchesOf(patterns: string[], where: string, scope: CollectScope): Promise<PathValue[]> {
  const found = new Map<string, PathValue>();
  for (const pattern of patterns) {
    const absolute = joinPath(scope.outdir, pattern);
    if (!isWithin(absolute, scope.outdir)) {
      throw new ProcessFault(`${where}.outputBinding.glob`, `${pattern} leads out of the output directory ${scope.outdir}`);
    }
    for (const path of await scope.tree.glob(absolute.slice(scope.outdir.length))) {
      const value = found.has(path) ? undefined : await valueAt(path, scope, where);
      if (value !== undefined) found.set(path, value);
    }
  }
  return [...found.values()];
}

async function loaded(matches: PathValue[], binding: OutputBinding, where: string, scope: CollectScope): Promise<PathValue[]> {
  const byRequirement = requirement(scope.requirements, 'LoadListingRequirement')?.loadListing;
  const listing = binding.loadListing ?? byRequirement ?? (scope.cwlVersion === 'v1.0' ? 'deep_listing' : 'no_listing');
  const values: PathValue[] = [];
  for (const value of matches) {
    if (isDirectory(value)) values.push(await loadListing(value, listing, scope.files));
    else if (isFile(value) && binding.loadContents === true) values.push(await loadContents(value, scope.files, scope.cwlVersion, where));
    else values.push(value);
  }
  return values;
}

/** A checksum costs reading the whole file, which is read again when it is taken out: only for expressions that ask for it. */
async function measured(matches: PathValue[], binding: OutputBinding, scope: CollectScope): Promise<PathValue[]> {
  if (binding.outputEval?.includes('checksum') !== true) return matches;
  const withChecksum = async (value: PathValue): Promise<PathValue> => {
    const address = isFile(value) ? addressOf(value) : undefined;
    return address === undefined ? value : { ...value, checksum: await scope.files.checksum(address) };
  };
  return Promise.all(matches.map(withChecksum));
}

/** Lists stay lists where the type has one; else exactly one match is expected, or none where null is allowed. */
function shapeMatches(matches: PathValue[], type: CwlType, patterns: string[], where: string): Json {
  if (matches.length === 0 && isOfType([], type)) return [];
  const [first] = matches;
  const single = [type].flat().filter((alternative) => alternative === 'File' || alternative === 'Directory');
  const quoted = patterns.map((pattern) => `"${pattern}"`).join(', ');
  if (first === undefined) {
    if (isOptional(type) || recordFields(type) !== undefined) return null;
    throw new ProcessFault(
      `${where}.outputBinding.glob`,
      `the tool left nothing that matches ${quoted || 'an empty list of patterns'}, but ${showType(type)} is expected`,
    );
  }
  if (matches.length === 1 && isOfType(first, single)) return first;
  if (isOfType(matches, type)) return matches;
  const found = matches.map((match) => `${textField(match, 'basename')} (${match.class})`);
  const shown = found.length > 5 ? `${found.slice(0, 5).join(', ')} and ${found.length - 5} more` : found.join(', ');
  throw new ProcessFault(`${where}.outputBinding.glob`, `${quoted} matches ${shown}, but ${showType(type)} is expected`);
}

/** `$(self)` of one match stands for the match where the type is a single File or Directory. */
function unwrapSingle(value: Json, type: CwlType): Json {
  if (!Array.isArray(value) || value.length !== 1 || isOfType(value, type)) return value;
  const [only = null] = value;
  return isOfType(only, type) ? only : value;
}

async function withTraits(value: Json, declared: OutputParameter | RecordField, where: string, scope: CollectScope): Promise<Json> {
  const primaries: FileValue[] = [];
  mapPathValues(value, (item) => {
    if (isFile(item)) primaries.push(item);
    return null;
  });
  const completed = new Map<PathValue, PathValue>();
  for (const primary of primaries) completed.set(primary, await completeFile(primary, declared, where, scope));
  return mapPathValues(value, (item) => completed.get(item) ?? item);
}

async function completeFile(
  primary: FileValue,
  declared: OutputParameter | RecordField,
  where: string,
  scope: CollectScope,
): Promise<FileValue> {
  let file = primary;
  if (declared.secondaryFiles !== undefined && declared.secondaryFiles.length > 0) {
    file = await resolveSecondaryFiles(file, declared.secondaryFiles, {
      evaluator: scope.evaluator,
      context: scope.seen,
      requiredByDefault: false,
      find: async (address) => (await valueAt(joinPath(scope.outdir, address), scope, where))?.class,
      path: where,
    });
  }
  const [written] = declared.format ?? [];
  if (written === undefined) return file;
  const format = await scope.evaluator(written, { ...scope.seen, self: file }, `${where}.format`);
  if (typeof format !== 'string') throw new ProcessFault(`${where}.format`, `must give the IRI of a format, not ${describeValue(format)}`);
  return { ...file, format };
}
