import type { ByteRange } from '@runnel/objects';

/**
 * A single byte range (RFC 9110, 14.1.2) of something of this size; undefined where the header is of another form or names several, which
 * means the whole. A range behind the end is returned as it is: the store refuses it.
 */
export function parseRange(header: string, size: number): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim()) ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return { start: length === 0 ? size : size - length };
  }
  const start = Number(first);
  if (last === '') return { start };
  return Number(last) < start ? undefined : { start, end: Number(last) };
}
