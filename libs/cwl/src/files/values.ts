import type { Json, JsonObject } from '../model.ts';

export type FileValue = JsonObject & { class: 'File' };
export type DirectoryValue = JsonObject & { class: 'Directory' };
/** A File or Directory inside of an input or output object. */
export type PathValue = FileValue | DirectoryValue;

/** True for an object that is neither list nor null. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isFile(value: Json | undefined): value is FileValue {
  return isObject(value) && value['class'] === 'File';
}

export function isDirectory(value: Json | undefined): value is DirectoryValue {
  return isObject(value) && value['class'] === 'Directory';
}

export function isPathValue(value: Json | undefined): value is PathValue {
  return isFile(value) || isDirectory(value);
}

/** The field where it is a string that is not empty. */
export function textField(value: JsonObject, name: string): string | undefined {
  const field = value[name];
  return typeof field === 'string' && field !== '' ? field : undefined;
}

/** Text of a file literal. */
export function contentsOf(file: FileValue): string {
  const { contents } = file;
  return typeof contents === 'string' ? contents : '';
}

/** Files and directories that a value carries along. */
export function secondaryFilesOf(value: PathValue): PathValue[] {
  return listOf(value['secondaryFiles']);
}

export function listingOf(value: PathValue): PathValue[] {
  return listOf(value['listing']);
}

function listOf(value: Json | undefined): PathValue[] {
  return Array.isArray(value) ? value.filter(isPathValue) : [];
}

/** A File given by its contents, or a Directory given by its listing: there is nothing to fetch. */
export function isLiteral(value: PathValue): boolean {
  const location = textField(value, 'location');
  if (location !== undefined && !location.startsWith('_:')) return false;
  return isFile(value) ? typeof value['contents'] === 'string' : Array.isArray(value['listing']) || location !== undefined;
}

/** Where the content of a value can be read: `path` once it is staged, else its location. */
export function addressOf(value: PathValue): string | undefined {
  return textField(value, 'path') ?? textField(value, 'location');
}

/** Replaces every outermost File and Directory of a value; what they carry along is for `change` to handle. A list without changes stays the same. */
export function mapPathValues(value: Json, change: (found: PathValue) => Json): Json {
  if (isPathValue(value)) return change(value);
  if (Array.isArray(value)) {
    const mapped = value.map((item) => mapPathValues(item, change));
    return mapped.every((item, index) => item === value[index]) ? value : mapped;
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapPathValues(item, change)]));
}

/** Calls `visit` for every File and Directory in a value, also for secondary files and listings, parents first. */
export function visitPathValues(value: Json, visit: (found: PathValue) => void): void {
  if (Array.isArray(value)) for (const item of value) visitPathValues(item, visit);
  else if (isPathValue(value)) {
    visit(value);
    visitPathValues(secondaryFilesOf(value), visit);
    visitPathValues(listingOf(value), visit);
  } else if (isObject(value)) for (const item of Object.values(value)) visitPathValues(item, visit);
}
