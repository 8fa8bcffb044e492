/** A `/` after one of these starts a regular expression, after any other token it divides. */
const beforeRegex = /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|delete|void|throw|new|else|do|instanceof))$/;

/**
 * Finds the end of the JavaScript that opens at `start` with `(` or `{`: strings, template literals, comments and regular expressions may hold
 * brackets of their own. Returns the index behind the closing bracket, or -1 where it is never closed.
 */
export function endOfScript(text: string, start: number): number {
  const open = text[start];
  const close = open === '(' ? ')' : '}';
  let depth = 0;
  let index = start;
  while (index < text.length) {
    const character = text[index];
    if (character === '"' || character === "'") index = endOfString(text, index);
    else if (character === '`') index = endOfTemplateLiteral(text, index);
    else if (character === '/') index = endOfSlash(text, start, index);
    else {
      if (character === open) depth++;
      else if (character === close && --depth === 0) return index + 1;
      index++;
    }
    if (index < 0) return -1;
  }
  return -1;
}

function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === text[start]) return index + 1;
  }
  return -1;
}

function endOfTemplateLiteral(text: string, start: number): number {
  let index = start + 1;
  while (index >= 0 && index < text.length) {
    if (text[index] === '`') return index + 1;
    if (text[index] === '$' && text[index + 1] === '{') index = endOfScript(text, index + 1);
    else index += text[index] === '\\' ? 2 : 1;
  }
  return -1;
}

function endOfSlash(text: string, scriptStart: number, slash: number): number {
  if (text[slash + 1] === '/') {
    const newline = text.indexOf('\n', slash);
    return newline < 0 ? text.length : newline;
  }
  if (text[slash + 1] === '*') {
    const end = text.indexOf('*/', slash + 2);
    return end < 0 ? -1 : end + 2;
  }
  const before = text.slice(Math.max(scriptStart, slash - 60), slash).trimEnd();
  return beforeRegex.test(before) ? endOfRegex(text, slash) : slash + 1;
}

/** A regular expression ends on its line; where it does not, the slash was a division after all. */
function endOfRegex(text: string, start: number): number {
  let inClass = false;
  for (let index = start + 1; index < text.length && text[index] !== '\n'; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === '[') inClass = true;
    else if (text[index] === ']') inClass = false;
    else if (text[index] === '/' && !inClass) return index + 1;
  }
  return start + 1;
}
