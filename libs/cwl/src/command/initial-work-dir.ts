import type { CwlVersion, Json, JsonObject } from '../model.ts';
import type { Evaluator } from '../expression/evaluate.ts';
import { toText } from '../expression/json-text.ts';
import type { ExpressionContext } from '../ports.ts';
import { ProcessFault } from '../process-fault.ts';
import type { RequirementsInForce } from '../requirements.ts';
import { requirement } from '../requirements.ts';
import { describeValue } from '../load/raw.ts';
import { baseNameOf, isWithin, joinPath } from '../files/names.ts';
import type { PathValue } from '../files/values.ts';
import {
  isLiteral,
  isObject,
  isPathValue,
  listingOf,
  mapPathValues,
  secondaryFilesOf,
  textField,
  visitPathValues,
} from '../files/values.ts';
import type { StagingEntry, StagingPlan } from './staging.ts';
import { assertNoCollisions, placeValue, withPath } from './staging.ts';

export interface InitialWorkDirContext {
  requirements: RequirementsInForce;
  evaluator: Evaluator;
  /** Staged inputs; what the listing takes from them is found again by path. */
  inputs: JsonObject;
  runtime: JsonObject;
  /** Output directory as the tool sees it. */
  outdir: string;
  cwlVersion: CwlVersion;
}

const base = 'requirements.InitialWorkDirRequirement.listing';

/** One thing to put into the output directory, after evaluation. */
interface WorkDirItem {
  content: PathValue | string;
  name?: string;
  writable: boolean;
  path: string;
}

/**
 * Plans what InitialWorkDirRequirement puts into the output directory, and gives the inputs with the paths they have there. Throws ProcessFault for
 * entries that are no File, Directory or text, and for names that leave the directory.
 */
export async function planInitialWorkDir(context: InitialWorkDirContext): Promise<StagingPlan> {
  const required = requirement(context.requirements, 'InitialWorkDirRequirement');
  if (required === undefined) return { entries: [], inputs: context.inputs };
  const items =
    typeof required.listing === 'string'
      ? await evaluatedItems(required.listing, base, context)
      : await listedItems(required.listing, context);
  const inPlace = requirement(context.requirements, 'InplaceUpdateRequirement')?.inplaceUpdate === true;
  const entries: StagingEntry[] = [];
  const moved = new Map<string, string>();
  for (const item of items) {
    const options = { writable: item.writable, path: item.path, ...(inPlace && { inPlace }) };
    const name = targetName(item, context);
    const value: PathValue = typeof item.content === 'string' ? { class: 'File', basename: name, contents: item.content } : item.content;
    const plan = placeValue(value, context.outdir, { ...options, name });
    entries.push(...plan.entries);
    recordMoves(value, plan.value, moved);
  }
  const unique = [...new Map(entries.map((entry) => [JSON.stringify(entry), entry])).values()];
  assertNoCollisions(unique, base);
  return { entries: unique, inputs: mapPathValues(context.inputs, (value) => relocate(value, moved)) as JsonObject };
}

async function listedItems(listing: Json[], context: InitialWorkDirContext): Promise<WorkDirItem[]> {
  const items: WorkDirItem[] = [];
  for (const [index, entry] of listing.entries()) {
    const path = `${base}[${index}]`;
    if (typeof entry === 'string') items.push(...(await evaluatedItems(entry, path, context)));
    else if (isObject(entry) && !isPathValue(entry)) items.push(...(await direntItems(entry, path, context)));
    else items.push(...resultItems(entry, path));
  }
  return items;
}

async function evaluatedItems(expression: string, path: string, context: InitialWorkDirContext): Promise<WorkDirItem[]> {
  return resultItems(await evaluate(expression, path, context), path);
}

/** What an expression may give for a listing: null, File, Directory, Dirent or lists of them. A Dirent made by an expression is not evaluated again. */
function resultItems(value: Json, path: string): WorkDirItem[] {
  if (value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => resultItems(item, `${path}[${index}]`));
  if (isPathValue(value)) return [{ content: value, writable: value['writable'] === true, path }];
  const name = isObject(value) ? textField(value, 'entryname') : undefined;
  if (!isObject(value) || value['entry'] === undefined) {
    throw new ProcessFault(path, `must give File, Directory or Dirent objects, or null, not ${describeValue(value)}`);
  }
  return contentItems(value['entry'], { name, writable: value['writable'] === true, path });
}

async function direntItems(dirent: JsonObject, path: string, context: InitialWorkDirContext): Promise<WorkDirItem[]> {
  const { cwlVersion } = context;
  const { entry, entryname, writable } = dirent;
  const content = typeof entry === 'string' ? await evaluate(entry, `${path}.entry`, context, true) : (entry ?? null);
  const name = typeof entryname === 'string' ? await evaluate(entryname, `${path}.entryname`, context) : undefined;
  if (name !== undefined && (typeof name !== 'string' || name === ''))
    throw new ProcessFault(`${path}.entryname`, `must give a name, not ${describeValue(name)}`);
  if (cwlVersion !== 'v1.2' && content !== null && typeof content !== 'string' && !isPathValue(content) && !isFileList(content)) {
    const message = `must give a text, a File or a Directory in ${cwlVersion}, not ${describeValue(content)}; since v1.2 it would be written as JSON`;
    throw new ProcessFault(`${path}.entry`, message);
  }
  return contentItems(content, { name, writable: writable === true, path });
}

/** Files are staged, text is written as it is, anything else is written as JSON (Dirent.entry). */
function contentItems(content: Json, dirent: { name: string | undefined; writable: boolean; path: string }): WorkDirItem[] {
  const { name, writable, path } = dirent;
  const named = name === undefined ? {} : { name };
  if (content === null) return [];
  if (isPathValue(content)) return [{ content, writable, path, ...named }];
  if (isFileList(content)) {
    if (name !== undefined && content.length > 0)
      throw new ProcessFault(`${path}.entryname`, 'one name cannot be given to a list of files');
    return content.map((item) => ({ content: item, writable, path }));
  }
  if (name === undefined) throw new ProcessFault(path, 'an entry that is text needs an entryname');
  return [{ content: typeof content === 'string' ? content : toText(content), name, writable, path }];
}

function isFileList(value: Json): value is PathValue[] {
  return Array.isArray(value) && value.every(isPathValue);
}

function evaluate(text: string, path: string, context: InitialWorkDirContext, keepWhitespace = false): Json | Promise<Json> {
  const seen: ExpressionContext = { inputs: context.inputs, self: null, runtime: context.runtime };
  return context.evaluator(text, seen, path, { keepWhitespace });
}

/** Relative names stay inside of the output directory; absolute ones are for tools that must run in a container (Dirent.entryname). */
function targetName(item: WorkDirItem, context: InitialWorkDirContext): string {
  const { content, path } = item;
  const name = item.name ?? (typeof content === 'string' ? undefined : baseNameOf(content));
  if (name === undefined) throw new ProcessFault(path, 'a literal needs a basename or an entryname');
  if (name.startsWith('/')) {
    if (requirement(context.requirements, 'DockerRequirement')?.mandatory === true) return name;
    throw new ProcessFault(
      path,
      `the absolute name ${name} needs DockerRequirement under requirements: only a container has a file system of its own`,
    );
  }
  const target = joinPath(context.outdir, name);
  if (target === context.outdir || !isWithin(target, context.outdir))
    throw new ProcessFault(path, `the name ${name} leaves the output directory`);
  return name;
}

/** Inputs are known again by the path they were staged at, files from elsewhere by their location. */
function identityOf(value: PathValue): string | undefined {
  return textField(value, 'path') ?? (isLiteral(value) ? undefined : textField(value, 'location'));
}

function recordMoves(from: PathValue, to: PathValue, moved: Map<string, string>): void {
  const identity = identityOf(from);
  const path = textField(to, 'path');
  if (identity !== undefined && path !== undefined) moved.set(identity, path);
  const carried = [...secondaryFilesOf(from), ...listingOf(from)];
  for (const [index, item] of [...secondaryFilesOf(to), ...listingOf(to)].entries()) {
    const original = carried[index];
    if (original !== undefined) recordMoves(original, item, moved);
  }
}

function relocate(value: PathValue, moved: Map<string, string>): PathValue {
  const path = moved.get(identityOf(value) ?? '');
  const secondary = secondaryFilesOf(value).map((file) => relocate(file, moved));
  if (path !== undefined) {
    const whole = withPath(value, path);
    return secondary.some((file) => moved.has(identityOf(file) ?? '')) ? { ...whole, secondaryFiles: secondary } : whole;
  }
  let touched = false;
  visitPathValues([...secondaryFilesOf(value), ...listingOf(value)], (item) => (touched ||= moved.has(identityOf(item) ?? '')));
  if (!touched) return value;
  const listing = listingOf(value).map((item) => relocate(item, moved));
  return { ...value, ...(secondary.length > 0 && { secondaryFiles: secondary }), ...(listing.length > 0 && { listing }) };
}
