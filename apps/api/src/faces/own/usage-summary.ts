import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { readJson } from '../../http/body.ts';
import { limit, many, once } from '../../http/query.ts';
import { findBudgetState } from '../../usage/budget-state.ts';
import { correctUsage } from '../../usage/correct-usage.ts';
import { estimateRun, groupingNames, summariseUsage } from '../../usage/summarise-usage.ts';
import type { UsageGroup } from '../../usage/summarise-usage.ts';
import { nameOf } from './workspaces.ts';

/** A day is its beginning (UTC). */
const instant = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()])
  .transform((text) => new Date(text))
  .optional();

export const summaryQuery = z.object({
  from: once(instant).describe('what ended from then on; default: the beginning of this month (UTC)'),
  to: once(instant).describe('and before then; default: now'),
  group_by: many(z.enum(groupingNames)).describe('one or several; default: day'),
  f: once(z.enum(['json', 'csv']).optional()).describe('default: json, or what Accept says'),
  limit: limit(1000).describe('at most so many groups; the total is of all'),
});

const sum = {
  attempts: z.int(),
  corrections: z.int(),
  wallSeconds: z.number(),
  cpuSeconds: z.number().describe('as billed: used, or asked for where that is more'),
  memoryGbSeconds: z.number().describe('as billed'),
  inputBytes: z.number(),
  outputBytes: z.number(),
};
export const summarySchema = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  groups: z.array(z.object({ ...sum, ...Object.fromEntries(groupingNames.map((name) => [name, z.string().optional()])) })),
  total: z.object(sum),
  more: z.boolean().describe('there are more groups than were asked for'),
  budget: z.object({ month: z.string(), coreHours: z.number(), memoryGbHours: z.number(), level: z.int() }).optional(),
});

export const summaryAnswer = { 200: { description: 'Sums of the ledger', type: ['application/json', 'text/csv'], schema: summarySchema } };

/** What the workspace in the address, or the caller's own, is billed for. */
export async function answerSummary({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const workspace = nameOf(request);
  const { from = startOfMonth(new Date()), to = new Date(), group_by: by = ['day'], f, limit: most } = summaryQuery.parse(request.query);
  const found = await summariseUsage(database, { workspace, from, to }, by, most);
  const csv = f === 'csv' || (f === undefined && (request.headers.accept ?? '').includes('text/csv'));
  if (csv) {
    await reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="usage-${workspace}.csv"`)
      .send(csvOf([...by, ...Object.keys(sum)], found.groups));
    return;
  }
  const budget = await findBudgetState(database, workspace);
  await reply.send({ from: from.toISOString(), to: to.toISOString(), ...found, ...(budget ? { budget } : {}) });
}

const startOfMonth = (now: Date): Date => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));

/** RFC 4180; what a spreadsheet would take for a formula is a text for it. */
function csvOf(columns: readonly string[], groups: readonly UsageGroup[]): string {
  const cell = (value: string | number): string => {
    const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const rows = groups.map((group) =>
    columns.map((name) => cell((Reflect.get(group, name) as string | number | undefined) ?? '')).join(','),
  );
  return [columns.join(','), ...rows].map((row) => `${row}\r\n`).join('');
}

export const estimateQuery = z.object({
  process: once(z.string().min(1).max(200)).describe('of the workspace; of another one as "workspace/process"'),
});
const spread = z.object({ median: z.number(), high: z.number().describe('nine of ten were below') }).optional();
export const estimateSchema = z.object({
  process: z.string(),
  runs: z.int().describe('earlier runs that this is taken from; 0: nothing is known'),
  cpuSeconds: spread,
  memoryGbSeconds: spread,
  wallSeconds: spread,
});

/** What a run of a process is likely to use, from the caller's own earlier runs of it. */
export async function answerEstimate({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { process: named } = estimateQuery.parse(request.query);
  const { workspace } = callerOf(request);
  const [process = '', owner = workspace] = named.split('/').reverse();
  await reply.send({ process: named, ...(await estimateRun(database, { workspace, owner, process })) });
}

export const correctionRequest = z.strictObject({
  id: z.uuid().describe('of this correction: twice is once'),
  run: z.uuid(),
  step: z.string().min(1).max(1000),
  attempt: z.int().min(1).max(1_000_000),
  factor: z.number().min(0).max(100).describe('part of what is billed for it now that is to stay; 0: nothing'),
  reason: z.string().min(1).max(1000),
});

export async function makeCorrection({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const correction = correctionRequest.parse(await readJson(request, 10_000));
  await correctUsage(database, { ...correction, by: callerOf(request).name });
  await reply.status(204).send();
}
