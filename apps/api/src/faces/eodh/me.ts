import { createToken, listTokens, revokeToken, sessionLine } from '@runnel/access';
import type { TokenInfo, TokenPrincipal } from '@runnel/access';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { readJson } from '../../http/body.ts';
import { workspaceIn } from './base.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const accessFor = 15 * minute;
const refreshFor = 12 * 60 * minute;
/** Days that a key lasts unless less is asked for, and at most (contract of the EODH face, section 7). */
const longest = 30;

export const keyRequest = z.object({
  name: z.string().min(1).max(200),
  scope: z.string().optional(),
  expires: z.number().positive().max(longest).default(longest).describe(`days; at most ${longest}`),
});

export const keySchema = z.object({
  id: z.uuid(),
  user_id: z.string(),
  token: z.string().optional().describe('shown once, when it is made'),
  workspace: z.string(),
  name: z.string(),
  scope: z.string(),
  created: z.iso.datetime(),
  expiry: z.iso.datetime().optional(),
});

export const sessionSchema = z.object({
  access: z.string(),
  accessExpiry: z.iso.datetime(),
  refresh: z.string(),
  refreshExpiry: z.iso.datetime(),
  scope: z.string(),
});

/** Bytes of a request for a key. */
const largest = 16 * 1024;

function holderOf(request: FastifyRequest): TokenPrincipal {
  if (request.principal.kind !== 'token') throw new Error('tokens are made by holders of one');
  return request.principal;
}

/**
 * POST me/sessions: a short-lived token that may do what the asking one may, and one that gets the next session. Both end with what they were made
 * of, and none lasts longer than a line of sessions may.
 */
export async function makeSession({ database, config }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const holder = holderOf(request);
  const workspace = workspaceIn(request);
  const common = { workspace, scopes: holder.sessionScopes ?? holder.scopes, owner: holder.owner ?? holder.token };
  const { ancestors, until } = await sessionLine(database, holder.token, config.sessionHours * 3600);
  const now = Date.now();
  if (until !== undefined && until.getTime() <= now) throw sessionOver(config.sessionHours);
  const endOf = (span: number): Date => new Date(Math.min(now + span, until?.getTime() ?? Infinity));
  const access = await createToken(database, { ...common, ancestors, name: 'session', kind: 'session', expiresAt: endOf(accessFor) });
  const refresh = await createToken(database, { ...common, ancestors, name: 'refresh', kind: 'refresh', expiresAt: endOf(refreshFor) });
  await reply
    .status(201)
    .header('cache-control', 'no-store')
    .send({
      access: access.secret,
      accessExpiry: access.expiresAt?.toISOString(),
      refresh: refresh.secret,
      refreshExpiry: refresh.expiresAt?.toISOString(),
      scope: `workspace:${workspace}`,
    });
}

function sessionOver(hours: number): Problem {
  const detail = `sessions may be renewed for ${hours} hours after the first one, which have passed: begin a new one with a key or by signing in`;
  return new Problem({ status: 403, title: 'Forbidden', detail });
}

/** POST me/tokens: a key that may do what the asking token may. */
export async function makeKey({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const holder = holderOf(request);
  const { name, expires } = keyRequest.parse(await readJson(request, largest));
  const key = await createToken(database, {
    workspace: workspaceIn(request),
    name,
    scopes: holder.scopes.filter((scope) => scope !== 'operator'),
    owner: holder.owner ?? holder.token,
    expiresAt: new Date(Date.now() + expires * day),
  });
  await reply
    .status(201)
    .header('cache-control', 'no-store')
    .send({ ...keyView(key), token: key.secret });
}

export async function answerKeys({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const keys = await listTokens(database, workspaceIn(request));
  await reply.send(keys.filter(({ revokedAt }) => revokedAt === undefined).map(keyView));
}

export async function dropKey({ database, authenticator }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { token: id } = request.params as { token: string };
  const key = z.uuid().safeParse(id).success ? await revokeToken(database, workspaceIn(request), id) : undefined;
  if (!key) throw new Problem({ status: 404, title: 'Not found', detail: `there is no token "${id}"` });
  key.revoked.forEach((one) => authenticator.forget(one));
  await reply.status(204).send();
}

function keyView(key: TokenInfo) {
  return {
    id: key.id,
    user_id: key.owner ?? key.id,
    workspace: key.workspace,
    name: key.name,
    scope: 'offline_access',
    created: key.createdAt.toISOString(),
    ...(key.expiresAt ? { expiry: key.expiresAt.toISOString() } : {}),
  };
}
