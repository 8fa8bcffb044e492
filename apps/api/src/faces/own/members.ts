import { dropMember, listMembers, putMember, roleNames } from '@runnel/access';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { readJson } from '../../http/body.ts';
import { notFound } from './problems.ts';
import { nameOf } from './workspaces.ts';

const role = z.enum(roleNames).describe('owner: all; developer: no tokens, members, secrets; user: reads and executes; viewer: reads');
export const memberRequest = z.strictObject({ role });
export const memberListSchema = z.object({
  members: z.array(
    z.object({ member: z.string().describe('claim "sub" of the user'), role, addedBy: z.string(), added: z.iso.datetime() }),
  ),
});

const memberName = z.string().min(1).max(255);

export async function answerMembers({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const members = await listMembers(database, nameOf(request));
  await reply.send({ members: members.map(({ addedAt, ...member }) => ({ ...member, added: addedAt.toISOString() })) });
}

/** At once: what tokens the member made lose the scopes that its role lacks. */
export async function changeMember({ database, authenticator }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { role: wanted } = memberRequest.parse(await readJson(request, 10_000));
  const changed = await putMember(database, nameOf(request), memberName.parse(memberIn(request)), wanted, callerOf(request).name);
  for (const id of changed) authenticator.forget(id);
  await reply.status(204).send();
}

/** At once: its tokens are revoked. */
export async function removeMember({ database, authenticator }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const member = memberIn(request);
  const dropped = await dropMember(database, nameOf(request), member);
  if (dropped.length === 0) throw notFound(`member "${member}"`);
  for (const id of dropped) authenticator.forget(id);
  await reply.status(204).send();
}

const memberIn = (request: FastifyRequest): string => (request.params as { member: string }).member;
