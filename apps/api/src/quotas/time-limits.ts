import type { TimeLimits } from '@runnel/engine';
import { z } from 'zod';
import type { InputFault } from '../runs/resolve-inputs.ts';
import type { QuotaRow } from './quota-rows.ts';

const seconds = (what: string) =>
  z
    .int()
    .min(1)
    .max(366 * 86_400)
    .optional()
    .describe(`${what}, from its start`);

/** What an execution may ask for. */
export const limitsRequest = z.strictObject({
  runSeconds: seconds('the most that the run may take'),
  stepSeconds: seconds('the most that each attempt at a step of it may take'),
});
export type LimitsRequest = z.output<typeof limitsRequest>;

/** What a run of this workspace is allowed: what it asks for, else the workspace's default, never more than the workspace's most. */
export function timeLimits(
  { runSeconds, mostRunSeconds, stepSeconds, mostStepSeconds }: QuotaRow,
  asked: LimitsRequest = {},
): { readonly limits: TimeLimits } | { readonly faults: readonly InputFault[] } {
  const faults = [
    ...above('limits.runSeconds', asked.runSeconds, mostRunSeconds),
    ...above('limits.stepSeconds', asked.stepSeconds, mostStepSeconds),
  ];
  if (faults.length > 0) return { faults };
  const run = allowed(asked.runSeconds ?? runSeconds, mostRunSeconds);
  const step = allowed(asked.stepSeconds ?? stepSeconds, mostStepSeconds);
  return { limits: { ...(run === undefined ? {} : { run }), ...(step === undefined ? {} : { step }) } };
}

const above = (path: string, asked: number | undefined, most: number | null): InputFault[] =>
  asked !== undefined && most !== null && asked > most
    ? [{ path, message: `${asked} s is asked for, the workspace allows ${most} s` }]
    : [];

const allowed = (wanted: number | null, most: number | null): number | undefined =>
  wanted === null || most === null ? (wanted ?? most ?? undefined) : Math.min(wanted, most);
