import type { CwlType, Json, PrimitiveType } from './model.ts';
import { isDirectory, isFile, isObject, isPathValue } from './files/values.ts';

const largestInt = 2 ** 31;

/** True where the value is of the type; null stands for missing. */
export function isOfType(value: Json | undefined, type: CwlType): boolean {
  const present = value ?? null;
  if (Array.isArray(type)) return type.some((alternative) => isOfType(present, alternative));
  if (typeof type === 'string') return isPrimitive(present, type);
  if (type.type === 'array') return Array.isArray(present) && present.every((item) => isOfType(item, type.items));
  if (type.type === 'enum') return typeof present === 'string' && type.symbols.includes(present);
  return isObject(present) && !isPathValue(present) && type.fields.every((field) => isOfType(present[field.name], field.type));
}

function isPrimitive(value: Json, type: PrimitiveType): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'boolean':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
    case 'int':
      return Number.isInteger(value) && Math.abs(value as number) <= largestInt;
    case 'long':
      return Number.isInteger(value);
    case 'float':
    case 'double':
      return typeof value === 'number';
    case 'File':
      return isFile(value);
    case 'Directory':
      return isDirectory(value);
    case 'Any':
      return value !== null;
  }
}

/** The alternative of a union that fits the value; a type that is no union is returned as it is. */
export function alternativeFor(value: Json, type: CwlType): Exclude<CwlType, CwlType[]> | undefined {
  if (!Array.isArray(type)) return type;
  for (const alternative of type) {
    if (isOfType(value, alternative)) return alternativeFor(value, alternative);
  }
  return undefined;
}

/** True where null is a value of the type. */
export function isOptional(type: CwlType): boolean {
  return isOfType(null, type);
}

/** A type as a person writes it: `File[]?`, `int | string`. */
export function typeText(type: CwlType): string {
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) {
    const present = type.filter((alternative) => alternative !== 'null');
    const text = present.map(typeText).join(' | ');
    if (present.length === type.length) return text;
    return present.length === 1 ? `${text}?` : `${text} | null`;
  }
  if (type.type === 'array') return Array.isArray(type.items) && type.items.length > 1 ? `(${typeText(type.items)})[]` : `${typeText(type.items)}[]`;
  if (type.type === 'enum') return `enum of ${type.symbols.join(', ')}`;
  return `record of ${type.fields.map((field) => field.name).join(', ')}`;
}

/** What a value is, for messages: `File`, `array of 3`, `string "abc"`. */
export function valueText(value: Json | undefined): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) {
    const kinds = [...new Set(value.map((item) => (isPathValue(item) ? item.class : item === null ? 'null' : typeof item)))];
    return value.length === 0 ? 'an empty array' : `an array of ${value.length} (${kinds.slice(0, 3).join(', ')})`;
  }
  if (isPathValue(value)) return `a ${value.class}`;
  if (isObject(value)) return `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'no fields'}`;
  const text = JSON.stringify(value);
  return `the ${typeof value} ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
}
