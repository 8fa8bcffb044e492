import { z } from 'zod';
import { limitsRequest } from '../../quotas/time-limits.ts';
import { runLabels, runName } from '../../runs/run-details.ts';
import type { WantedResults } from '../../runs/wanted-results.ts';

const format = z.object({
  mediaType: z.string().max(255).optional(),
  encoding: z.string().max(100).optional(),
  schema: z.unknown().optional(),
});

const wantedOutput = z.strictObject({
  transmissionMode: z.enum(['value', 'reference']).optional(),
  format: format.optional(),
});
const address = z.url({ protocol: /^https?$/ }).max(2000);

/** Whom the caller wants to be told (18-062r2, 7.11.5). Which of them there are is the caller's choice: the published schema has a typo there. */
const subscriberSchema = z.strictObject({
  successUri: address.optional(),
  inProgressUri: address.optional(),
  failedUri: address.optional(),
});

/**
 * Execute request (18-062r2, 7.11.2). Values are not looked at here: they came as JSON, and the process says what they must be.
 */
export const executeRequest = z.strictObject({
  inputs: z.record(z.string(), z.unknown()).default({}),
  outputs: z.record(z.string(), wantedOutput).optional(),
  response: z.enum(['raw', 'document']).optional(),
  subscriber: subscriberSchema.optional(),
  limits: limitsRequest.optional(),
  name: runName.optional().describe('by which people find the run again'),
  labels: runLabels.optional(),
});
export type ExecuteRequest = z.output<typeof executeRequest>;

/** What is kept with the run; null where its caller said nothing. */
export function wantedResults({ outputs, response, subscriber }: ExecuteRequest): WantedResults | null {
  // No outputs named is all of them (18-062r2, 7.11.2.4); version 2 reads `{}` otherwise.
  const named = outputs && Object.keys(outputs).length > 0 ? outputs : undefined;
  if (named === undefined && response === undefined && subscriber === undefined) return null;
  return {
    ...(named === undefined ? {} : { outputs: named }),
    ...(response === undefined ? {} : { response }),
    ...(subscriber === undefined ? {} : { subscriber }),
  };
}
