import type { CwlVersion } from '../model.ts';
import { ExpressionError } from './expression-error.ts';
import { readPlainScript, type PlainScript } from './plain-script.ts';
import type { Reference } from './reference.ts';
import { parseReference } from './reference.ts';
import { endOfScript } from './scan-script.ts';

export type TemplatePart =
  | { kind: 'text'; text: string }
  | { kind: 'reference'; expression: string; reference: Reference }
  | { kind: 'javascript'; expression: string; form: 'expression' | 'body'; source: string; plain?: PlainScript | undefined };

/** A field that may hold expressions, parsed once. */
export interface Template {
  text: string;
  parts: readonly TemplatePart[];
  /** One expression is the whole field: its value keeps its type instead of becoming text. */
  whole: boolean;
}

export interface TemplateOptions {
  /** Whose escaping rules apply; absent: v1.2. */
  cwlVersion?: CwlVersion;
  /** White space around the field counts (Dirent.entry); absent: it is dropped where the field has an expression. */
  keepWhitespace?: boolean;
}

/** Enough for the fields of every document in use at once, small enough to forget. */
const largestCache = 4096;
const cache = new Map<string, Template>();

/** True where the field holds `$(` or `${`; only such fields are interpolated and unescaped. */
export function hasExpression(text: string): boolean {
  return text.includes('$(') || text.includes('${');
}

/** Parses a field; the result is cached by text and rules. Throws ExpressionError where an expression is never closed. */
export function parseTemplate(text: string, options: TemplateOptions = {}): Template {
  if (!hasExpression(text)) return { text, parts: [{ kind: 'text', text }], whole: false };
  const legacy = options.cwlVersion === 'v1.0' || options.cwlVersion === 'v1.1';
  const key = `${legacy ? 'l' : 'n'}${options.keepWhitespace === true ? 'k' : 's'}${text}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const scanned = options.keepWhitespace === true ? text : text.trim();
  const parts = scan(scanned, legacy);
  const template = { text, parts, whole: parts.length === 1 && parts[0]?.kind !== 'text' };
  if (cache.size >= largestCache) cache.clear();
  cache.set(key, template);
  return template;
}

/** True where evaluating needs the sandbox. Without InlineJavascriptRequirement never: what is no parameter reference is then an error. */
export function needsJavaScript(template: Template | string, hasInlineJavaScript: boolean): boolean {
  if (!hasInlineJavaScript) return false;
  const { parts } = typeof template === 'string' ? parseTemplate(template) : template;
  return parts.some((part) => part.kind === 'javascript');
}

function scan(text: string, legacy: boolean): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let literal = '';
  let index = 0;
  while (index < text.length) {
    const next = text[index + 1];
    if (text[index] === '\\' && next !== undefined) {
      const escape = legacy ? { text: next, length: 2 } : unescapeAt(text, index);
      literal += escape.text;
      index += escape.length;
    } else if (text[index] === '$' && (next === '(' || next === '{')) {
      const end = endOfScript(text, index + 1);
      if (end < 0) throw unfinished(text, index);
      if (literal !== '') parts.push({ kind: 'text', text: literal });
      literal = '';
      parts.push(toPart(text.slice(index, end)));
      index = end;
    } else {
      literal += text[index];
      index++;
    }
  }
  if (literal !== '') parts.push({ kind: 'text', text: literal });
  return parts;
}

/** v1.2: `\$(` and `\${` stand for themselves, a double backslash for one; any other backslash is left as it is. */
function unescapeAt(text: string, index: number): { text: string; length: number } {
  const ahead = text.slice(index + 1, index + 3);
  if (ahead === '$(' || ahead === '${') return { text: ahead, length: 3 };
  return text[index + 1] === '\\' ? { text: '\\', length: 2 } : { text: text.slice(index, index + 2), length: 2 };
}

function toPart(expression: string): TemplatePart {
  const source = expression.slice(2, -1);
  const form = expression.startsWith('${') ? 'body' : 'expression';
  const reference = form === 'body' ? undefined : parseReference(source);
  if (reference !== undefined) return { kind: 'reference', expression, reference };
  return { kind: 'javascript', expression, form, source, plain: readPlainScript(form, source) };
}

function unfinished(text: string, start: number): ExpressionError {
  const reason = `the expression that starts at character ${start + 1} is never closed; write \\$( or \\\${ where the text itself is meant`;
  return new ExpressionError({ expression: text.slice(start), reason });
}
