import { z } from 'zod';

/** No database takes a null character. */
export const plainText = (longest: number): z.ZodString =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(/^[^\0]*$/, 'a null character is no part of it');

const labelName = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/, 'letters, digits and . _ / - are expected, at most 63');

export const runName = plainText(200);
export const runLabels = z
  .record(labelName, plainText(200))
  .refine((given) => Object.keys(given).length <= 32, 'a run has at most 32 labels');

/** By what people find a run again. */
export interface RunDetails {
  readonly name?: string | null | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}
