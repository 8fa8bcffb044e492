/** Levels of nesting; whoever walks a value by recursion has to come back. */
const deepest = 200;

/**
 * What JSON allows and a database or a reader after us does not: a key given twice (which value was meant?), null characters and halves of
 * characters in texts, nesting without end. For text that `JSON.parse` has taken; undefined where nothing is wrong.
 */
export function jsonFault(text: string): string | undefined {
  /** Keys of each open map; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let wantsKey = false;
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case '{':
      case '[':
        wantsKey = text[at] === '{';
        open.push(wantsKey ? new Set() : undefined);
        if (open.length > deepest) return `it is nested deeper than ${deepest} levels`;
        break;
      case '}':
      case ']':
        open.pop();
        wantsKey = false;
        break;
      case ',':
        wantsKey = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(text, at);
        const raw = text.slice(at, end + 1);
        const escaped = raw.includes('\\');
        const value = escaped || wantsKey ? (JSON.parse(raw) as string) : raw;
        if (escaped && (value.includes('\0') || !value.isWellFormed()))
          return `the text at offset ${at} holds a null character, or half a character`;
        if (wantsKey) {
          const keys = open.at(-1);
          if (keys?.has(value)) return `the key ${raw.slice(0, 100)} at offset ${at} is given twice`;
          keys?.add(value);
          wantsKey = false;
        }
        at = end;
        break;
      }
      default:
    }
  }
  return undefined;
}

/** Offset of the quote that closes the string. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes += 1;
    if (end < 0 || backslashes % 2 === 0) return end < 0 ? text.length : end;
  }
}
