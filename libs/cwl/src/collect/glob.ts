/** POSIX pathname matching of one path segment: `*`, `?`, `[a-z]`, `[!a]`, backslash escapes; a leading period must be matched by a period. */
export function matchSegment(pattern: string, name: string): boolean {
  if (name.startsWith('.') && !/^\\?\./.test(pattern)) return false;
  return segmentExpression(pattern).test(name);
}

/** True where a segment matches more than itself. */
export function hasWildcard(segment: string): boolean {
  return /[*?[\\]/.test(segment);
}

const compiled = new Map<string, RegExp>();

function segmentExpression(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  if (compiled.size > 1000) compiled.clear();
  const expression = new RegExp(`^${translate(pattern)}$`, 'su');
  compiled.set(pattern, expression);
  return expression;
}

function translate(pattern: string): string {
  let source = '';
  let index = 0;
  while (index < pattern.length) {
    const character = String.fromCodePoint(pattern.codePointAt(index) ?? 0);
    const bracket = character === '[' ? bracketAt(pattern, index) : undefined;
    if (bracket !== undefined) {
      source += bracket.source;
      index = bracket.end;
      continue;
    }
    if (character === '*') source += '.*?';
    else if (character === '?') source += '.';
    else if (character === '\\' && index + 1 < pattern.length) source += literal(pattern[++index] ?? '');
    else source += literal(character);
    index += character === '\\' ? 1 : character.length;
  }
  return source;
}

/** A bracket expression; undefined where the bracket is never closed and stands for itself. */
function bracketAt(pattern: string, start: number): { source: string; end: number } | undefined {
  let index = start + 1;
  const negated = pattern[index] === '!' || pattern[index] === '^';
  if (negated) index++;
  let members = '';
  for (let first = true; index < pattern.length && (first || pattern[index] !== ']'); first = false) {
    const named = /^\[:([a-z]+):\]/.exec(pattern.slice(index));
    if (named !== null) {
      members += characterClasses[named[1] ?? ''] ?? '';
      index += named[0].length;
      continue;
    }
    if (pattern[index] === '\\' && index + 1 < pattern.length) index++;
    const range = /^(.)-([^\]])/su.exec(pattern.slice(index));
    if (range !== null && (range[1] ?? '') <= (range[2] ?? '')) {
      members += `${inClass(range[1] ?? '')}-${inClass(range[2] ?? '')}`;
      index += range[0].length;
      continue;
    }
    const member = String.fromCodePoint(pattern.codePointAt(index) ?? 0);
    members += inClass(member);
    index += member.length;
  }
  if (pattern[index] !== ']') return undefined;
  return { source: members === '' ? '(?!)' : `[${negated ? '^' : ''}${members}]`, end: index + 1 };
}

const characterClasses: { [name: string]: string } = {
  alnum: 'a-zA-Z0-9',
  alpha: 'a-zA-Z',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '\\x21-\\x7e',
  lower: 'a-z',
  print: '\\x20-\\x7e',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: '0-9a-fA-F',
};

function literal(character: string): string {
  return /[.*+?^${}()|[\]\\/]/.test(character) ? `\\${character}` : character;
}

function inClass(character: string): string {
  return /[\]\\^[-]/.test(character) ? `\\${character}` : character;
}
