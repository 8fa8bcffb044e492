import type { Json } from '../model.ts';
import type { ExpressionContext } from '../ports.ts';

/** A parsed parameter reference: `$(inputs.a["b c"][0])` → root `inputs`, keys `a`, `b c`, 0. */
export interface Reference {
  root: 'inputs' | 'self' | 'runtime' | 'null';
  keys: readonly (string | number)[];
}

export type Resolved = { value: Json } | { reason: string };

const rootPattern = /^(inputs|self|runtime|null)(?![\p{L}\p{N}_$])/u;
const segmentPattern = /\.([\p{L}\p{N}_]+)|\['((?:[^'\\]|\\[^])*)'\]|\["((?:[^"\\]|\\[^])*)"\]|\[([0-9]+)\]/uy;
const escapes: { [letter: string]: string } = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v', '0': '\0' };

/** Parses what stands between `$(` and `)`; undefined where it is no parameter reference (it may still be JavaScript). */
export function parseReference(source: string): Reference | undefined {
  const root = rootPattern.exec(source)?.[1] as Reference['root'] | undefined;
  if (root === undefined) return undefined;
  const keys: (string | number)[] = [];
  segmentPattern.lastIndex = root.length;
  while (segmentPattern.lastIndex < source.length) {
    const match = segmentPattern.exec(source);
    if (match === null) return undefined;
    const [, symbol, single, double, index] = match;
    keys.push(index === undefined ? (symbol ?? unescape(single ?? double ?? '')) : Number(index));
  }
  return root === 'null' && keys.length > 0 ? undefined : { root, keys };
}

function unescape(quoted: string): string {
  return quoted.replace(/\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([^]))/g, (_all, unicode?: string, hex?: string, letter: string = '') => {
    const code = unicode ?? hex;
    return code === undefined ? (escapes[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16));
  });
}

/**
 * Follows a reference. With `scripted` (InlineJavascriptRequirement is in force) it gives what JavaScript would: a missing field is null, strings
 * have a length; without it the rules of "Parameter references" hold, where both are errors.
 */
export function resolveReference(reference: Reference, context: ExpressionContext, scripted: boolean): Resolved {
  if (reference.root === 'null') return { value: null };
  let current: Json | undefined = context[reference.root];
  if (current === undefined) return { reason: `\`${reference.root}\` is not available here` };
  let seen: string = reference.root;
  for (const key of reference.keys) {
    const next: Resolved = scripted ? scriptedStep(current, key, seen) : strictStep(current, key, seen);
    if ('reason' in next) return next;
    current = next.value;
    seen += typeof key === 'number' ? `[${key}]` : `.${key}`;
  }
  return { value: current };
}

function scriptedStep(current: Json, key: string | number, seen: string): Resolved {
  if (current === null) return { reason: `\`${seen}\` is null and has no field ${JSON.stringify(key)}` };
  const holder = Object(current) as { [key: string]: Json };
  if (Object.hasOwn(holder, key)) return { value: holder[key] ?? null };
  return key in holder ? { reason: `\`${seen}.${key}\` is a function, which is no JSON value` } : { value: null };
}

function strictStep(current: Json, key: string | number, seen: string): Resolved {
  if (typeof key === 'number') return strictIndex(current, key, seen);
  if (Array.isArray(current)) {
    return key === 'length' ? { value: current.length } : { reason: `\`${seen}\` is an array and has no field ${JSON.stringify(key)}` };
  }
  if (current === null || typeof current !== 'object') {
    return { reason: `\`${seen}\` is ${nameOf(current)} and has no field ${JSON.stringify(key)}` };
  }
  const value = Object.hasOwn(current, key) ? current[key] : undefined;
  if (value !== undefined) return { value };
  const fields = Object.keys(current);
  const known = fields.length === 0 ? 'it has none' : `it has ${fields.slice(0, 10).join(', ')}${fields.length > 10 ? ', …' : ''}`;
  return { reason: `\`${seen}\` has no field ${JSON.stringify(key)}: ${known}` };
}

function strictIndex(current: Json, index: number, seen: string): Resolved {
  if (!Array.isArray(current) && typeof current !== 'string')
    return { reason: `\`${seen}\` is ${nameOf(current)}, which has no [${index}]` };
  const value = current[index];
  return value === undefined ? { reason: `\`${seen}\` has no [${index}]: its length is ${current.length}` } : { value };
}

function nameOf(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}
