import { z } from 'zod';

/** A parameter given several times: the last one counts, since some clients repeat what a `next` link already holds. */
export const once = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (Array.isArray(value) ? (value.at(-1) as unknown) : value), schema);

/** An empty text is no number, where JavaScript would read 0. */
const emptyIsNone = (value: unknown): unknown => (value === '' ? Number.NaN : value);

/** A parameter that is a number; given several times, the last one counts. */
export const numeric = <T extends z.ZodType>(schema: T) => once(z.preprocess(emptyIsNone, schema));

const yes = ['true', '1', 'yes', 'on', 'y', 'enabled'];
const no = ['false', '0', 'no', 'off', 'n', 'disabled'];

/** Yes or no; no where nothing is said. */
export const flag = () => once(z.stringbool({ truthy: yes, falsy: no }).default(false)).meta({ type: 'string', enum: [...yes, ...no] });

/** A list, repeated or separated by commas. */
export const many = <T extends z.ZodType>(item: T) =>
  z.preprocess(
    (value) => (value === undefined ? undefined : ([value].flat() as string[]).flatMap((text) => text.split(','))),
    z.array(item).optional(),
  );

/** `limit` of a list: 1 to 10,000 (OGC API - Processes 18-062r2, 7.9); more is cut to 10,000. */
export const limit = (fallback: number) =>
  numeric(
    z.coerce
      .number()
      .int()
      .min(1)
      .default(fallback)
      .transform((n) => Math.min(n, 10_000)),
  );

/** Where the next page begins; opaque for clients. */
export function cursorOf(...parts: string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** Parts of a cursor, checked; a fault where it is not one of ours. */
export const cursor = <T extends z.ZodType>(parts: T) => once(z.string().transform(parse).pipe(parts).optional());

function parse(text: string): unknown {
  const parts = Buffer.from(text, 'base64url').toString();
  // No database takes a null character.
  if (parts.includes(String.raw`\u0000`)) return undefined;
  try {
    return JSON.parse(parts) as unknown;
  } catch {
    return undefined;
  }
}
