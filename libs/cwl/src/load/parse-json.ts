import type { SourceMap, SourceText } from './source-map.ts';

/** `limit`: too deep or too large. `final`: no other parser need be asked. */
export type FaultKind = 'syntax' | 'final' | 'limit';

/** A fault at an offset of the text. */
export class SyntaxFault extends Error {
  override name = 'SyntaxFault';
  readonly offset: number;
  readonly kind: FaultKind;
  constructor(message: string, offset: number, kind: FaultKind = 'syntax') {
    super(message);
    this.offset = offset;
    this.kind = kind;
  }
}

/** Everything that may stand in an unquoted JSON value. */
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
/** What sends a string through JSON.parse: escapes, and control characters, which it refuses. */
const NOT_VERBATIM = /[\\\u0000-\u001f]/;
const SPACE = /[ \t\r\n]*/y;

/**
 * Parses strict JSON and records where every key stands: packed documents of several megabytes are JSON, for which the YAML parser takes a hundred
 * times as long. Throws SyntaxFault where the text is not JSON (it may still be YAML) or too deep.
 */
export function parseJson(document: SourceText, map: SourceMap, maxDepth: number): unknown {
  const { text } = document;
  let at = 0;

  const skipSpace = () => {
    const code = text.charCodeAt(at);
    if (code > 32) return;
    SPACE.lastIndex = at;
    SPACE.test(text);
    at = SPACE.lastIndex;
  };
  const fault = (expected: string): never => {
    throw new SyntaxFault(`expected ${expected}`, at);
  };
  const readString = (): string => {
    if (text[at] !== '"') fault('a string');
    let end = text.indexOf('"', at + 1);
    while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
    if (end < 0) fault('a closing quote');
    const start = at;
    at = end + 1;
    const raw = text.slice(start + 1, end);
    return NOT_VERBATIM.test(raw) ? unescape(text.slice(start, at), start) : raw;
  };
  const readScalar = (): unknown => {
    SCALAR.lastIndex = at;
    if (!SCALAR.test(text)) fault('a JSON value');
    const raw = text.slice(at, SCALAR.lastIndex);
    at = SCALAR.lastIndex;
    return raw === 'true' ? true : raw === 'false' ? false : raw === 'null' ? null : Number(raw);
  };
  const readObject = (depth: number): unknown => {
    const value: Record<string, unknown> = {};
    const keys: string[] = [];
    const entries: number[] = [];
    map.record(value, { document, offset: at++, keys, entries });
    for (skipSpace(); text[at] !== '}'; skipSpace()) {
      if (keys.length > 0) {
        if (text[at] !== ',') fault('"," or "}"');
        at++;
        skipSpace();
      }
      const start = at;
      const key = readString();
      if (Object.hasOwn(value, key)) throw new SyntaxFault(`the key "${key}" is given twice`, start, 'final');
      keys.push(key);
      entries.push(start);
      skipSpace();
      if (text[at] !== ':') fault('":"');
      at++;
      defineOwn(value, key, read(depth + 1));
    }
    at++;
    return value;
  };
  const readArray = (depth: number): unknown => {
    const value: unknown[] = [];
    const entries: number[] = [];
    map.record(value, { document, offset: at++, entries });
    for (skipSpace(); text[at] !== ']'; skipSpace()) {
      if (value.length > 0) {
        if (text[at] !== ',') fault('"," or "]"');
        at++;
        skipSpace();
      }
      entries.push(at);
      value.push(read(depth + 1));
    }
    at++;
    return value;
  };
  const read = (depth: number): unknown => {
    if (depth > maxDepth) throw new SyntaxFault(`nested deeper than ${maxDepth} levels`, at, 'limit');
    skipSpace();
    const first = text[at];
    return first === '{' ? readObject(depth) : first === '[' ? readArray(depth) : first === '"' ? readString() : readScalar();
  };

  const value = read(0);
  skipSpace();
  if (at < text.length) fault('the end of the document');
  return value;
}

/** Assignment, except for the one key (`__proto__`) where assignment would not make a property. */
export function defineOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0;
  while (text[quote - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

function unescape(quoted: string, offset: number): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw new SyntaxFault('expected a string with valid escapes', offset);
  }
}
