import type { CloudEvent } from '../cloud-event.ts';
import type { Comparison, Filter } from './parse-filter.ts';

type Value = string | number | boolean | undefined;

/**
 * Whether an event passes. What is not there, and what is no single value (a list, a map), is unlike everything: comparisons with it are false.
 */
export function matchesFilter(filter: Filter, event: CloudEvent): boolean {
  return truth(evaluate(filter, event));
}

function evaluate(filter: Filter, event: CloudEvent): Value {
  switch (filter.op) {
    case 'value':
      return filter.value;
    case 'attribute': {
      const found = valueAt(event, filter.path);
      return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? found : undefined;
    }
    case 'exists':
      return valueAt(event, filter.path) !== undefined;
    case 'not':
      return !truth(evaluate(filter.of, event));
    case 'and':
      return truth(evaluate(filter.left, event)) && truth(evaluate(filter.right, event));
    case 'or':
      return truth(evaluate(filter.left, event)) || truth(evaluate(filter.right, event));
    case 'xor':
      return truth(evaluate(filter.left, event)) !== truth(evaluate(filter.right, event));
    case 'compare':
      return compare(filter.by, evaluate(filter.left, event), evaluate(filter.right, event));
    case 'call':
      return call(filter.name, evaluate(filter.of, event));
    case 'like': {
      const text = evaluate(filter.of, event);
      return text !== undefined && isLike(String(text), filter.pattern);
    }
    case 'in': {
      const value = evaluate(filter.of, event);
      return filter.list.some((item) => compare('=', value, evaluate(item, event)));
    }
  }
}

/** The value of an event at a path: an attribute, or a part of its data. Undefined where there is none. */
export function valueAt({ attributes, data }: CloudEvent, [first, ...rest]: readonly (string | number)[]): unknown {
  if (first !== 'data') return typeof first === 'string' && Object.hasOwn(attributes, first) ? attributes[first] : undefined;
  return rest.reduce<unknown>((value, part) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    return (value as Record<string | number, unknown>)[part];
  }, data);
}

const truth = (value: Value): boolean => value === true || value === 'true' || (typeof value === 'number' && value !== 0);

function compare(by: Comparison, left: Value, right: Value): boolean {
  if (left === undefined || right === undefined) return false;
  const [one, other] = typeof left === typeof right ? [left, right] : [cast(left, right), cast(right, left)];
  switch (by) {
    case '=':
      return one === other;
    case '!=':
      return one !== other;
    case '<':
      return one < other;
    case '<=':
      return one <= other;
    case '>':
      return one > other;
    case '>=':
      return one >= other;
  }
}

/** A text beside a number is read as one, beside a truth value likewise; what cannot be read stays unlike. */
function cast(value: string | number | boolean, beside: string | number | boolean): string | number | boolean {
  if (typeof value !== 'string') return value;
  if (typeof beside === 'number' && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  if (typeof beside === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

function call(name: 'LOWER' | 'UPPER' | 'TRIM' | 'LENGTH', value: Value): Value {
  if (value === undefined) return undefined;
  const text = String(value);
  switch (name) {
    case 'LOWER':
      return text.toLowerCase();
    case 'UPPER':
      return text.toUpperCase();
    case 'TRIM':
      return text.trim();
    case 'LENGTH':
      return text.length;
  }
}

/** `%` any characters, `_` one, a backslash before either means it. In time of text times pattern at most: no pattern makes it hang. */
function isLike(text: string, pattern: string): boolean {
  const parts = [...pattern.matchAll(/\\([%_\\])|([\s\S])/gu)].map(([, escaped, plain = '']) => ({
    char: escaped ?? plain,
    wild: escaped === undefined && (plain === '%' || plain === '_'),
  }));
  const chars = [...text];
  let at = 0;
  let part = 0;
  let star = -1;
  let mark = 0;
  while (at < chars.length) {
    const wanted = parts[part];
    if (wanted?.wild && wanted.char === '%') {
      star = part;
      mark = at;
      part += 1;
    } else if (wanted && ((wanted.wild && wanted.char === '_') || (!wanted.wild && wanted.char === chars[at]))) {
      part += 1;
      at += 1;
    } else if (star >= 0) {
      part = star + 1;
      mark += 1;
      at = mark;
    } else return false;
  }
  while (parts[part]?.wild && parts[part]?.char === '%') part += 1;
  return part === parts.length;
}
