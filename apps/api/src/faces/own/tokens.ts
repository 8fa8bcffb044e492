import { createToken, listTokens, revokeToken, scopes, workspaceScopes } from '@runnel/access';
import type { TokenInfo } from '@runnel/access';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { readJson } from '../../http/body.ts';
import { notFound } from './problems.ts';

export const tokenRequest = z.strictObject({
  name: z.string().min(1).max(200).describe('what it is for'),
  scopes: z.array(z.enum(scopes)).min(1).optional().describe('default: those of the token that asks, but "operator"'),
  expires: z.iso.datetime({ offset: true }).optional().describe('default: never'),
});

/** Bytes of a request for a token. */
const largest = 16 * 1024;

export async function answerTokens({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const tokens = await listTokens(database, callerOf(request).workspace);
  await reply.send({ tokens: tokens.map(tokenView) });
}

/** A token for the caller's workspace that may do at most what the caller's own may. */
export async function makeToken({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { principal } = request;
  if (principal.kind !== 'token') throw new Error('tokens are made by holders of one');
  const { name, scopes: wanted, expires } = tokenRequest.parse(await readJson(request, largest));
  const beyond = wanted?.find((scope) => !principal.scopes.includes(scope));
  if (beyond !== undefined) throw new Problem({ status: 403, title: 'Forbidden', detail: `your own token lacks the scope "${beyond}"` });
  const token = await createToken(database, {
    workspace: principal.workspace,
    name,
    scopes: wanted ?? workspaceScopes.filter((scope) => principal.scopes.includes(scope)),
    expiresAt: expires === undefined ? undefined : new Date(expires),
  });
  await reply
    .status(201)
    .header('cache-control', 'no-store')
    .send({ ...tokenView(token), secret: token.secret });
}

/** Revoked at once, for all replicas (libs/access). */
export async function dropToken({ database, authenticator }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { token: id } = request.params as { token: string };
  const token = z.uuid().safeParse(id).success ? await revokeToken(database, callerOf(request).workspace, id) : undefined;
  if (!token) throw notFound(`token "${id}"`);
  token.revoked.forEach((one) => authenticator.forget(one));
  await reply.status(204).send();
}

function tokenView(token: TokenInfo) {
  return {
    id: token.id,
    name: token.name,
    scopes: token.scopes,
    created: token.createdAt.toISOString(),
    ...(token.expiresAt ? { expires: token.expiresAt.toISOString() } : {}),
    ...(token.revokedAt ? { revoked: token.revokedAt.toISOString() } : {}),
  };
}
