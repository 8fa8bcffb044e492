import type { CwlVersion } from '../model.ts';
import { hasExpression } from './raw.ts';

/** What a field may hold. `accepts` gets the version because older ones allow less. */
export interface FieldRule {
  expected: string;
  accepts(value: unknown, version: CwlVersion): boolean;
  since?: 'v1.1' | 'v1.2';
  required?: true;
}

/** The fields of one kind of map, e.g. CommandLineTool. */
export interface Shape {
  name: string;
  fields: { [field: string]: FieldRule };
}

const requiredOf = new WeakMap<Shape, string[]>();

/** The required fields of a shape, found once: shapes are few and checked often. */
export function requiredFields(shape: Shape): string[] {
  const known = requiredOf.get(shape);
  if (known) return known;
  const found = Object.keys(shape.fields).filter((field) => shape.fields[field]?.required);
  requiredOf.set(shape, found);
  return found;
}

const VERSIONS: readonly CwlVersion[] = ['v1.0', 'v1.1', 'v1.2'];

export function isAtLeast(version: CwlVersion, wanted: CwlVersion): boolean {
  return VERSIONS.indexOf(version) >= VERSIONS.indexOf(wanted);
}

export function since(version: 'v1.1' | 'v1.2', rule: FieldRule): FieldRule {
  return { ...rule, since: version };
}

export function required(rule: FieldRule): FieldRule {
  return { ...rule, required: true };
}

const rule = (expected: string, accepts: FieldRule['accepts']): FieldRule => ({ expected, accepts });
const isText = (value: unknown): value is string => typeof value === 'string';
const isInteger = (value: unknown): boolean => typeof value === 'number' && Number.isInteger(value);
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
const isList = (value: unknown): value is unknown[] => Array.isArray(value);
const isListOf = (value: unknown, item: (value: unknown) => boolean): boolean => isList(value) && value.every(item);

export const anything = rule('any value', () => true);
export const text = rule('a text', isText);
export const texts = rule('a text or a list of texts', (value) => isText(value) || isListOf(value, isText));
export const textList = rule('a list of texts', (value) => isListOf(value, isText));
export const flag = rule('true or false', (value) => typeof value === 'boolean');
export const flagOrExpression = rule('true, false or an expression', (value) => typeof value === 'boolean' || hasExpression(value));
export const integerList = rule('a list of integers', (value) => isListOf(value, isInteger));
export const integerOrExpression = rule('an integer or an expression', (value) => isInteger(value) || isText(value));
/** Fractions of a core or a mebibyte came with v1.2. */
export const amount = rule('a number (before v1.2: an integer) or an expression', (value, version) =>
  typeof value === 'number' ? isInteger(value) || version === 'v1.2' : isText(value),
);
export const position = rule('an integer (since v1.1 also an expression)', (value, version) =>
  isText(value) ? version !== 'v1.0' && hasExpression(value) : isInteger(value),
);
export const list = rule('a list', isList);
export const listOrText = rule('a list or an expression', (value) => isList(value) || isText(value));
export const map = rule('a map', isObject);
export const mapOrList = rule('a map or a list', (value) => isObject(value) || isList(value));
export const anyType = rule('a type', (value) => isText(value) || isObject(value) || isList(value));
export const textOrMap = rule('a text or a map', (value) => isText(value) || isObject(value));
export const secondaryFiles = rule('a pattern or a list of patterns (maps with pattern and required since v1.1)', (value, version) =>
  (isList(value) ? value : [value]).every((item) => isText(item) || (isObject(item) && version !== 'v1.0')),
);
export const requiredFlag = rule(
  'true, false, null or an expression',
  (value) => typeof value === 'boolean' || value === null || hasExpression(value),
);

export function oneOf(...symbols: string[]): FieldRule {
  return rule(`one of ${symbols.join(', ')}`, (value) => isText(value) && symbols.includes(value));
}
