/** A map of a source document, before anything is known of its fields. */
export type Raw = Readonly<Record<string, unknown>>;

export function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function flagOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

/** The texts of a field that takes one or a list. */
export function textsOf(value: unknown): string[] {
  return listOf(value).filter((item) => typeof item === 'string');
}

/** One value as a list of one, nothing as an empty list. */
export function listOf(value: unknown): unknown[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? (value as unknown[]) : [value];
}

export function numbersOf(value: unknown): number[] {
  return listOf(value).filter((item) => typeof item === 'number');
}

/** `doc` may be a list of texts, which are read as paragraphs. */
export function docOf(value: unknown): string | undefined {
  const texts = textsOf(value);
  return texts.length === 0 ? undefined : texts.join('\n');
}

type Fields<T> = { [K in keyof T]: object extends Pick<T, K> ? T[K] | undefined : T[K] };

/** The object without its undefined fields. */
export function compact<T extends object>(fields: Fields<T>): T {
  const kept: Partial<Fields<T>> = {};
  for (const key in fields) if (fields[key] !== undefined) kept[key] = fields[key];
  return kept as T;
}

/** What was found, for messages: short, and of maps and lists only the kind. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing (null)';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') {
    const kind = (value as Raw)['class'];
    return typeof kind === 'string' && kind.length <= 40 ? `a ${kind}` : 'a map';
  }
  const text = JSON.stringify(value) ?? typeof value;
  const shown = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return `the ${typeof value} ${shown}`;
}

/** `$(…)` or `${…}` somewhere in the text. */
export function hasExpression(value: unknown): value is string {
  return typeof value === 'string' && /\$[({]/.test(value);
}
