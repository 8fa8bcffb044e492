import { TenantWorkspace } from '@runnel/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { readJson } from '../../http/body.ts';
import { findQuota, quotaUse, storeQuota } from '../../quotas/quota-rows.ts';
import type { QuotaRow } from '../../quotas/quota-rows.ts';
import { notFound } from './problems.ts';

const amount = (what: string) => z.number().min(0).max(1e15).nullable().describe(`${what}; null: no limit`);
const whole = (what: string) => z.int().min(0).max(1e9).nullable().describe(`${what}; null: no limit`);

const weight = z.number().min(0.1).max(100).describe('places it gets beside a workspace of weight 1');
const priority = z.int().min(-100).max(100).describe('whose steps go first, whatever the weights');
const time = (what: string) =>
  z
    .int()
    .min(1)
    .max(366 * 86_400)
    .nullable()
    .describe(`${what}, in seconds from the start; null: no limit`);

const limits = {
  steps: whole('steps under way at once'),
  cores: amount('their cores'),
  memoryMiB: amount('their memory'),
  storageBytes: z.int().min(0).nullable().describe('intermediate objects; above it nothing new is accepted; null: no limit'),
  queuedRuns: whole('runs that wait for their first step'),
  uploadBytes: z.int().min(0).nullable().describe('one file that is put; null: what the installation allows'),
  requestsPerSecond: z.number().min(0.01).max(1e6).nullable().describe('to each api; null: what the installation allows'),
  runSeconds: time('how long a run may take that asks for nothing'),
  mostRunSeconds: time('the most that a run may ask for'),
  stepSeconds: time('how long each attempt at a step may take where the run asks for nothing'),
  mostStepSeconds: time('the most that a run may ask for its steps'),
};

export const quotaRequest = z.strictObject({ weight, priority, ...limits }).partial();
export const quotaSchema = z.object({
  workspace: z.string(),
  weight,
  priority,
  ...limits,
  use: z.object({ steps: z.int(), cores: z.number(), memoryMiB: z.number(), storageBytes: z.number(), queuedRuns: z.int() }),
});

/** The quota of the workspace in the address, or of the caller's own, with what of it is in use. */
export async function answerQuota(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const workspace = tenantOf(request);
  const [quota, use] = await Promise.all([findQuota(context.database, workspace), quotaUse(context.database, workspace)]);
  await reply.send({ workspace, ...quota, use });
}

/** Changes what the body names; in force at once. */
export async function changeQuota(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const workspace = tenantOf(request);
  const given = quotaRequest.parse(await readJson(request, 10_000));
  const changes = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<QuotaRow>;
  await storeQuota(context.database, workspace, { ...(await findQuota(context.database, workspace)), ...changes }, callerOf(request).name);
  await context.workspaces.refresh();
  await answerQuota(context, request, reply);
}

/** The workspace in an operator's address, or the caller's own. */
export function tenantOf(request: FastifyRequest): string {
  const { tenant: workspace } = request.params as { tenant?: string };
  if (workspace === undefined) return callerOf(request).workspace;
  if (!TenantWorkspace.safeParse(workspace).success) throw notFound(`workspace "${workspace}"`);
  return workspace;
}
