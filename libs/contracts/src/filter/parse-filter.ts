import { isFunction, lex } from './lex.ts';
import type { FilterFault, FunctionName, Token } from './lex.ts';

export type { FilterFault } from './lex.ts';

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** A filter as a tree. */
export type Filter =
  | { readonly op: 'value'; readonly value: string | number | boolean }
  | { readonly op: 'attribute' | 'exists'; readonly path: readonly (string | number)[] }
  | { readonly op: 'compare'; readonly by: Comparison; readonly left: Filter; readonly right: Filter }
  | { readonly op: 'and' | 'or' | 'xor'; readonly left: Filter; readonly right: Filter }
  | { readonly op: 'not'; readonly of: Filter }
  | { readonly op: 'call'; readonly name: FunctionName; readonly of: Filter }
  | { readonly op: 'like'; readonly of: Filter; readonly pattern: string }
  | { readonly op: 'in'; readonly of: Filter; readonly list: readonly Filter[] };

/** Characters of a filter, and levels of nesting in it. */
const longest = 2000;
const deepest = 50;

class Refused extends Error {
  override readonly name = 'Refused';
  readonly fault: FilterFault;

  constructor(fault: FilterFault) {
    super(fault.message);
    this.fault = fault;
  }
}

/**
 * Parses a filter: a subset of CloudEvents SQL 1.0 (literals, attributes, = != <> < <= > >=, AND OR XOR NOT, LIKE, IN, EXISTS, LOWER UPPER TRIM
 * LENGTH), in which `data.a.b[0]` names a value of the event's data as well.
 */
export function parseFilter(source: string): { readonly filter: Filter } | { readonly fault: FilterFault } {
  if (source.length > longest) return { fault: { column: longest + 1, message: `a filter may have ${longest} characters` } };
  const lexed = lex(source);
  if ('fault' in lexed) return lexed;
  try {
    const reader = readerOf(lexed.tokens);
    const filter = readOr(reader, 0);
    const rest = reader.peek();
    if (rest.kind !== 'end') throw expected(rest, 'AND, OR or the end');
    return { filter };
  } catch (error) {
    if (error instanceof Refused) return { fault: error.fault };
    throw error;
  }
}

interface Reader {
  peek(): Token;
  /** The next token, if it is one of these words or symbols. */
  take(...texts: string[]): Token | undefined;
  next(): Token;
}

function readerOf(tokens: readonly Token[]): Reader {
  let at = 0;
  const peek = (): Token => tokens[Math.min(at, tokens.length - 1)] ?? { kind: 'end', text: 'the end', column: 1 };
  const next = (): Token => {
    const token = peek();
    at += 1;
    return token;
  };
  const isOne = ({ kind, text }: Token, texts: string[]): boolean => (kind === 'word' || kind === 'symbol') && texts.includes(text);
  return { peek, next, take: (...texts) => (isOne(peek(), texts) ? next() : undefined) };
}

const expected = (token: Token, what: string): Refused =>
  new Refused({ column: token.column, message: `${what} is expected, not ${token.kind === 'end' ? 'the end' : token.text}` });

function readOr(reader: Reader, depth: number): Filter {
  if (depth > deepest) throw new Refused({ column: reader.peek().column, message: `it is nested deeper than ${deepest} levels` });
  let left = readAnd(reader, depth);
  for (let token = reader.take('OR', 'XOR'); token; token = reader.take('OR', 'XOR'))
    left = { op: token.text === 'OR' ? 'or' : 'xor', left, right: readAnd(reader, depth) };
  return left;
}

function readAnd(reader: Reader, depth: number): Filter {
  let left = readNot(reader, depth);
  while (reader.take('AND')) left = { op: 'and', left, right: readNot(reader, depth) };
  return left;
}

function readNot(reader: Reader, depth: number): Filter {
  let negated = false;
  while (reader.take('NOT')) negated = !negated;
  const of = readComparison(reader, depth);
  return negated ? { op: 'not', of } : of;
}

const comparisons: Readonly<Record<string, Comparison>> = { '=': '=', '!=': '!=', '<>': '!=', '<': '<', '<=': '<=', '>': '>', '>=': '>=' };

function readComparison(reader: Reader, depth: number): Filter {
  const left = readTerm(reader, depth);
  const symbol = reader.take(...Object.keys(comparisons));
  if (symbol) return { op: 'compare', by: comparisons[symbol.text] ?? '=', left, right: readTerm(reader, depth) };
  const negated = reader.take('NOT');
  const word = reader.take('LIKE', 'IN');
  if (!word) {
    if (negated) throw expected(reader.peek(), 'LIKE or IN');
    return left;
  }
  const found: Filter =
    word.text === 'LIKE' ? { op: 'like', of: left, pattern: readPattern(reader) } : { op: 'in', of: left, list: readList(reader, depth) };
  return negated ? { op: 'not', of: found } : found;
}

function readPattern(reader: Reader): string {
  const token = reader.next();
  if (token.kind !== 'text') throw expected(token, 'a text');
  return token.value;
}

function readList(reader: Reader, depth: number): Filter[] {
  if (!reader.take('(')) throw expected(reader.peek(), '(');
  const list = [readTerm(reader, depth)];
  while (reader.take(',')) list.push(readTerm(reader, depth));
  if (!reader.take(')')) throw expected(reader.peek(), ', or )');
  return list;
}

function readTerm(reader: Reader, depth: number): Filter {
  if (reader.take('(')) return closed(reader, readOr(reader, depth + 1));
  if (reader.take('-')) {
    const token = reader.next();
    if (token.kind !== 'number') throw expected(token, 'a number');
    return { op: 'value', value: -token.value };
  }
  const token = reader.next();
  if (token.kind === 'text' || token.kind === 'number') return { op: 'value', value: token.value };
  if (token.kind === 'name') return { op: 'attribute', path: pathOfName(token) };
  if (token.kind !== 'word') throw expected(token, 'a value');
  if (token.text === 'TRUE' || token.text === 'FALSE') return { op: 'value', value: token.text === 'TRUE' };
  if (token.text === 'EXISTS') {
    const name = reader.next();
    if (name.kind !== 'name') throw expected(name, 'an attribute');
    return { op: 'exists', path: pathOfName(name) };
  }
  if (!isFunction(token.text)) throw expected(token, 'a value');
  if (!reader.take('(')) throw expected(reader.peek(), '(');
  return closed(reader, { op: 'call', name: token.text, of: readOr(reader, depth + 1) });
}

function closed(reader: Reader, filter: Filter): Filter {
  if (!reader.take(')')) throw expected(reader.peek(), ')');
  return filter;
}

function pathOfName({ text, column }: Token): (string | number)[] {
  const path = pathOf(text);
  if (path.length > 1 && path[0] !== 'data') throw new Refused({ column, message: `${text}: only data has parts` });
  return path;
}

/** `data.a[0].b` → data, a, 0, b. */
export function pathOf(text: string): (string | number)[] {
  return [...text.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([part, index]) => (index === undefined ? part : Number(index)));
}
