/** What a filter says that it should not, and where: columns count from 1. */
export interface FilterFault {
  readonly column: number;
  readonly message: string;
}

export type Token =
  | { readonly kind: 'name' | 'word' | 'symbol'; readonly text: string; readonly column: number }
  | { readonly kind: 'text'; readonly value: string; readonly text: string; readonly column: number }
  | { readonly kind: 'number'; readonly value: number; readonly text: string; readonly column: number }
  | { readonly kind: 'end'; readonly text: string; readonly column: number };

const words = new Set(['AND', 'OR', 'XOR', 'NOT', 'LIKE', 'IN', 'EXISTS', 'TRUE', 'FALSE']);
const functions = new Set(['LOWER', 'UPPER', 'TRIM', 'LENGTH']);

const shapes =
  /\s*(?:(?<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?<number>\d+)|(?<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_:-]+|\[\d{1,6}\])*)|(?<symbol>!=|<>|<=|>=|[=<>(),-]))/y;

/** Splits a filter into tokens. Words are written in any case. */
export function lex(source: string): { readonly tokens: readonly Token[] } | { readonly fault: FilterFault } {
  const tokens: Token[] = [];
  let at = 0;
  while (source.slice(at).trim() !== '') {
    shapes.lastIndex = at;
    const match = shapes.exec(source);
    const start = at + (/^\s*/.exec(source.slice(at))?.[0].length ?? 0);
    if (!match?.groups) return { fault: { column: start + 1, message: `this is not understood: ${source.slice(start, start + 10)}` } };
    const column = start + 1;
    const { text, number, name, symbol = '' } = match.groups;
    if (text !== undefined) tokens.push({ kind: 'text', value: unquoted(text), text, column });
    else if (number !== undefined) tokens.push({ kind: 'number', value: Number(number), text: number, column });
    else if (name === undefined) tokens.push({ kind: 'symbol', text: symbol, column });
    else if (words.has(name.toUpperCase()) || functions.has(name.toUpperCase()))
      tokens.push({ kind: 'word', text: name.toUpperCase(), column });
    else tokens.push({ kind: 'name', text: name, column });
    at = shapes.lastIndex;
  }
  tokens.push({ kind: 'end', text: 'the end', column: source.length + 1 });
  return { tokens };
}

export const isFunction = (text: string): text is FunctionName => functions.has(text);
export type FunctionName = 'LOWER' | 'UPPER' | 'TRIM' | 'LENGTH';

const unquoted = (text: string): string => text.slice(1, -1).replaceAll(/\\(['"\\])/g, '$1');
