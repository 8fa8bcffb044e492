const cut = '…';

/** A text of at most `limit` characters, and a sign where it was longer. */
export function shorten(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}${cut}`;
}

/** What of a value was left by shortening is no longer the value, and would be overlooked by whoever hides it: hides its beginning before each cut. */
export function hideShortened(text: string, values: Iterable<string>, mask: string): string {
  const parts = text.split(cut);
  const last = parts.pop() ?? '';
  return [...parts.map((part) => withoutBeginning(part, values, mask)), last].join(cut);
}

function withoutBeginning(text: string, values: Iterable<string>, mask: string): string {
  let length = 0;
  for (const value of values) length = Math.max(length, overlap(text, value));
  return length === 0 ? text : text.slice(0, -length) + mask;
}

/** Characters at the end of the text with which the value begins. */
function overlap(text: string, value: string): number {
  let length = Math.min(text.length, value.length - 1);
  while (length > 0 && !text.endsWith(value.slice(0, length))) length -= 1;
  return length;
}
