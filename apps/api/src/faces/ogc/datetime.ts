import { z } from 'zod';

/** An instant or an interval of time, open where an end is `..` or empty (18-062r2, job-list: `datetime`). */
export interface Interval {
  readonly from?: string;
  readonly to?: string;
}

const instant = z.iso.datetime({ offset: true });
const expected = 'expected an RFC 3339 instant, or an interval of two ("2026-01-01T00:00:00Z/.."), an open end as ".." or empty';

/** `datetime` of a query. An instant means all of its last digit: a second, or the part of one that it is written to. */
export const datetime = z
  .string()
  .max(100)
  .transform((text, context): Interval => {
    const [first = '', second, ...more] = text.split('/');
    const ends = second === undefined ? [first, lastOf(first)] : [first, second];
    const open = ends.map((end) => (second !== undefined && (end === '' || end === '..') ? undefined : end));
    const fine = open.every((end) => end === undefined || instant.safeParse(end).success);
    const [from, to] = open;
    const ordered = from === undefined || to === undefined || Date.parse(from) <= Date.parse(to);
    if (!fine || !ordered || more.length > 0 || text === '/' || text === '../..') {
      context.addIssue({ code: 'custom', message: expected });
      return z.NEVER;
    }
    return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  });

/** The last microsecond that an instant stands for. */
function lastOf(text: string): string {
  const found = /^(.*:\d\d)(\.\d+)?(\D.*)$/.exec(text.replace(/z$/, 'Z'));
  if (!found) return text;
  const [, seconds = '', fraction = '', zone = ''] = found;
  return `${seconds}.${fraction.slice(1).padEnd(6, '9')}${zone}`;
}
