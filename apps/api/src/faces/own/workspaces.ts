import { TenantWorkspace, WorkspaceSettings } from '@runnel/contracts';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { readJson } from '../../http/body.ts';
import { cursor, cursorOf, limit, once } from '../../http/query.ts';
import { changeSettings, createWorkspace, deleteWorkspace, resumeWorkspace, suspendWorkspace } from '../../workspaces/change-workspace.ts';
import { figuresOf, findWorkspace, listWorkspaces } from '../../workspaces/workspace-rows.ts';
import type { WorkspaceRow } from '../../workspaces/workspace-rows.ts';
import { findBudgetState } from '../../usage/budget-state.ts';
import { notFound } from './problems.ts';
import { nextPage } from './runs.ts';

const { title, images, nodeSelector, tolerations, priorityClass, budget } = WorkspaceSettings.shape;
const given = <T extends z.ZodType>(setting: z.ZodOptional<T>) => setting.nullable();

/** What its own people may say of a workspace; what costs others something is said by operators. */
const ownChanges = { title: given(title) };
export const ownSettingsRequest = z.strictObject(ownChanges);
export const settingsRequest = z.strictObject({
  ...ownChanges,
  images: given(images),
  nodeSelector: given(nodeSelector),
  tolerations: given(tolerations),
  priorityClass: given(priorityClass),
  budget: given(budget),
});
export const newWorkspaceRequest = WorkspaceSettings.extend({ name: TenantWorkspace });
export const suspendRequest = z.strictObject({ reason: z.string().min(1).max(500).optional().describe('its members are told') });
export const deleteQuery = z.object({ confirm: once(z.string().optional()).describe('its name: what is deleted does not come back') });

export const workspaceSchema = z.object({
  name: z.string(),
  state: z.enum(['active', 'suspended', 'deleting', 'deleted']),
  reason: z.string().optional().describe('why it is suspended'),
  created: z.iso.datetime().optional(),
  settings: WorkspaceSettings,
});
export const workspaceDetailSchema = workspaceSchema.extend({
  members: z.int(),
  processes: z.int(),
  openRuns: z.int(),
  secrets: z.int(),
  tokens: z.int(),
  budgetUse: z
    .object({
      month: z.string(),
      coreHours: z.number(),
      memoryGbHours: z.number(),
      level: z.int().describe('80: nearly used; 100: used up'),
    })
    .optional(),
});
export const workspaceAnswer = { 200: { description: 'The workspace', schema: workspaceDetailSchema } };
export const workspaceListSchema = z.object({ workspaces: z.array(workspaceSchema), next: z.string().optional() });
export const workspaceQuery = z.object({
  limit: limit(100),
  after: cursor(z.tuple([z.string()])).describe('where the page begins (of next)'),
});

/** Bytes of a request about a workspace. */
const largest = 200_000;

export async function answerWorkspaces({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const query = workspaceQuery.parse(request.query);
  const rows = await listWorkspaces(database, query.after?.[0] ?? '', query.limit + 1);
  const page = rows.slice(0, query.limit);
  const last = rows.length > query.limit ? page.at(-1) : undefined;
  await reply.send({ workspaces: page.map(view), ...(last ? { next: nextPage(request, cursorOf(last.name)) } : {}) });
}

/** The workspace in the address, or the caller's own. */
export async function answerWorkspace({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const name = nameOf(request);
  const [row, figures, budgetUse] = await Promise.all([
    findWorkspace(database, name),
    figuresOf(database, name),
    findBudgetState(database, name),
  ]);
  if (!row && isNamed(request)) throw notFound(`workspace "${name}"`);
  const found = row ?? { name, state: 'active', reason: null, settings: {}, createdBy: null, createdAt: null };
  await reply.send({ ...view(found), ...figures, ...(budgetUse ? { budgetUse } : {}) });
}

export async function makeWorkspace(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { name, ...settings } = newWorkspaceRequest.parse(await readJson(request, largest));
  await createWorkspace(context, name, settings, callerOf(request).name);
  const row = await findWorkspace(context.database, name);
  await reply
    .status(201)
    .header('location', `/api/v1/workspaces/${name}`)
    .send(row && view(row));
}

/** Changes what the body names, null takes it away; of its own workspace a caller may change less than an operator of any. */
export async function changeWorkspace(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const name = nameOf(request);
  const schema = isNamed(request) ? settingsRequest : ownSettingsRequest;
  const changes = schema.parse(await readJson(request, largest));
  await requireThere(context, request);
  await changeSettings(context, name, changes, callerOf(request).name);
  await answerWorkspace(context, request, reply);
}

export async function suspend(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { reason } = suspendRequest.parse(await readJson(request, largest));
  await requireThere(context, request);
  await suspendWorkspace(context, nameOf(request), reason ?? null, callerOf(request).name);
  await answerWorkspace(context, request, reply);
}

export async function resume(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  await requireThere(context, request);
  await resumeWorkspace(context, nameOf(request), callerOf(request).name);
  await answerWorkspace(context, request, reply);
}

/** Begins it; `GET` of the workspace tells when it is done. */
export async function removeWorkspace(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const name = nameOf(request);
  const { confirm } = deleteQuery.parse(request.query);
  await requireThere(context, request);
  if (confirm !== name)
    throw new Problem({ status: 400, title: 'Bad request', detail: `confirm: expected the name of the workspace, ?confirm=${name}` });
  await deleteWorkspace(context, name, callerOf(request).name);
  await reply.status(202).send({ name, state: 'deleting' });
}

async function requireThere({ database }: ApiContext, request: FastifyRequest): Promise<void> {
  if (isNamed(request) && !(await findWorkspace(database, nameOf(request)))) throw notFound(`workspace "${nameOf(request)}"`);
}

const isNamed = (request: FastifyRequest): boolean => (request.params as { tenant?: string }).tenant !== undefined;

/** Of the address where it names one, else the caller's own. Throws 404 for what is no name. */
export function nameOf(request: FastifyRequest): string {
  const { tenant } = request.params as { tenant?: string };
  if (tenant === undefined) return callerOf(request).workspace;
  if (!TenantWorkspace.safeParse(tenant).success) throw notFound(`workspace "${tenant}"`);
  return tenant;
}

function view({ name, state, reason, settings, createdAt }: WorkspaceRow) {
  return {
    name,
    state,
    ...(reason === null ? {} : { reason }),
    ...(createdAt === null ? {} : { created: createdAt.toISOString() }),
    settings,
  };
}
