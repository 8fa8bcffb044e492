import type { Json } from '../model.ts';

/** Orders by Unicode code point, which is the order of the UTF-8 bytes (C locale). */
export function compareCodePoints(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return codePointRank(a) - codePointRank(b);
  }
  return left.length - right.length;
}

/** Surrogates stand for code points above U+FFFF and sort behind U+E000..U+FFFF. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Decimal representation without exponent: `0.0000123`, `123000`. */
export function numberText(value: number): string {
  const text = String(value);
  const exponentAt = text.indexOf('e');
  if (exponentAt < 0) return text;
  const exponent = Number(text.slice(exponentAt + 1));
  const negative = text.startsWith('-');
  const [whole = '', fraction = ''] = text.slice(negative ? 1 : 0, exponentAt).split('.');
  const digits = whole + fraction;
  const point = whole.length + exponent;
  const sign = negative ? '-' : '';
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, '0');
}

/**
 * JSON as string interpolation and Dirent write it (§ String interpolation): object entries sorted by key, numbers without exponent, the
 * separators `, ` and `: ` that existing workflows were written against.
 */
export function toText(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(toText).join(', ')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => compareCodePoints(a, b));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}: ${toText(item)}`).join(', ')}}`;
}

/** The string value of a reference inside of a text: strings as they are, everything else as JSON. */
export function interpolated(value: Json): string {
  return typeof value === 'string' ? value : toText(value);
}
