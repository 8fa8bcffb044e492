import { describeValue } from '../load/raw.ts';
import type { CwlType, Json, JsonObject, PrimitiveType, RecordType } from '../model.ts';
import { showType } from './show-type.ts';

/** A value, or a part of it at `path` (`reads[3].format`), that its type does not allow. */
export interface ValueFault {
  path: string;
  message: string;
}

const INT_LIMIT = 2 ** 31;
const LONG_LIMIT = 2 ** 63;

/** What keeps a value from being of a type; empty if nothing does. */
export function valueFaults(value: Json, type: CwlType, path: string): ValueFault[] {
  if (Array.isArray(type)) return unionFaults(value, type, path);
  if (typeof type === 'string') return primitiveFaults(value, type, path);
  if (type.type === 'array') {
    if (!Array.isArray(value)) return mismatch(value, type, path);
    return value.flatMap((item, index) => valueFaults(item, type.items, `${path}[${index}]`));
  }
  if (type.type === 'enum') return typeof value === 'string' && type.symbols.includes(value) ? [] : mismatch(value, type, path);
  return isMap(value) ? recordFaults(value, type, path) : mismatch(value, type, path);
}

/** The first alternative that fits. Where none does, the faults inside the only one of the value's kind say more than "none of these". */
function unionFaults(value: Json, types: CwlType[], path: string): ValueFault[] {
  const alike: ValueFault[][] = [];
  for (const type of types) {
    const faults = valueFaults(value, type, path);
    if (faults.length === 0) return [];
    if (isOfKind(value, type)) alike.push(faults);
  }
  const [only] = alike;
  return alike.length === 1 && only ? only : mismatch(value, types, path);
}

/** A list where a list is expected, a File where a File is, and so on: the fault lies inside. */
function isOfKind(value: Json, type: CwlType): boolean {
  if (type === 'File' || type === 'Directory') return isMap(value) && value['class'] === type;
  if (type === 'int' || type === 'long') return typeof value === 'number' && Number.isInteger(value);
  if (typeof type !== 'object' || Array.isArray(type)) return false;
  return type.type === 'array' ? Array.isArray(value) : type.type === 'record' && isMap(value) && value['class'] === undefined;
}

function primitiveFaults(value: Json, type: PrimitiveType, path: string): ValueFault[] {
  switch (type) {
    case 'null':
      return value === null ? [] : mismatch(value, type, path);
    case 'Any':
      return value === null ? mismatch(value, type, path) : [];
    case 'boolean':
    case 'string':
      return typeof value === type ? [] : mismatch(value, type, path);
    case 'int':
      return wholeNumberFaults(value, type, path, INT_LIMIT);
    case 'long':
      return wholeNumberFaults(value, type, path, LONG_LIMIT);
    case 'float':
    case 'double':
      return typeof value === 'number' ? [] : mismatch(value, type, path);
    case 'File':
      return isMap(value) && value['class'] === 'File' ? fileFaults(value, path) : mismatch(value, type, path);
    case 'Directory':
      return isMap(value) && value['class'] === 'Directory' ? directoryFaults(value, path) : mismatch(value, type, path);
  }
}

function wholeNumberFaults(value: Json, type: 'int' | 'long', path: string, limit: number): ValueFault[] {
  if (typeof value !== 'number' || !Number.isInteger(value)) return mismatch(value, type, path);
  if (value >= -limit && value < limit) {
    if (Number.isSafeInteger(value)) return [];
    // It was read as a double and is perhaps not what was written any more.
    return [
      { path, message: `whole numbers beyond ${Number.MAX_SAFE_INTEGER} lose digits on their way through JSON: give it as a string` },
    ];
  }
  return [{ path, message: `${value} is out of the range of ${type} (${limit === INT_LIMIT ? 32 : 64} bits)` }];
}

function fileFaults(file: JsonObject, path: string): ValueFault[] {
  const faults = textFaults(file, ['location', 'path', 'basename', 'contents', 'format', 'checksum'], path);
  if (!given(file['location']) && !given(file['path']) && !given(file['contents'])) {
    faults.push({ path, message: 'a File needs one of location, path and contents' });
  }
  return [...faults, ...childFaults(file, 'secondaryFiles', path)];
}

function directoryFaults(directory: JsonObject, path: string): ValueFault[] {
  const faults = textFaults(directory, ['location', 'path', 'basename'], path);
  if (!given(directory['location']) && !given(directory['path']) && !given(directory['listing'])) {
    faults.push({ path, message: 'a Directory needs one of location, path and listing' });
  }
  return [...faults, ...childFaults(directory, 'listing', path)];
}

function textFaults(value: JsonObject, fields: string[], path: string): ValueFault[] {
  return fields.flatMap((field) => {
    const found = value[field];
    return !given(found) || typeof found === 'string' ? [] : mismatch(found, 'string', `${path}.${field}`);
  });
}

function childFaults(value: JsonObject, field: string, path: string): ValueFault[] {
  const children = value[field];
  return given(children) ? valueFaults(children, { type: 'array', items: ['File', 'Directory'] }, `${path}.${field}`) : [];
}

/** Fields that the type does not name are allowed, as they are in other engines. */
function recordFaults(value: JsonObject, type: RecordType, path: string): ValueFault[] {
  return type.fields.flatMap((field) =>
    valueFaults((Object.hasOwn(value, field.name) ? value[field.name] : null) ?? null, field.type, `${path}.${field.name}`),
  );
}

function mismatch(value: Json, type: CwlType, path: string): ValueFault[] {
  return [{ path, message: `expected ${showType(type)}, found ${describeValue(value)}` }];
}

function isMap(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function given(value: Json | undefined): value is Exclude<Json, null> {
  return value !== undefined && value !== null;
}
